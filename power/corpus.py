"""The fault corpus as experiments: `multibackend parity power/corpus.py:NAME`.

NAME is a fault of `faults.toml`, or `clean-MODEL-OPTIMIZER` for a model of the zoo as it is.
"""

from __future__ import annotations

from multibackend import Dataset, Experiment
from power import forward, gradients, planting, saving, updates, zoo
from power.optimizers import make_optimizer
from power.table import read_table

planting.undo()  # the experiment of this file that was loaded before: each is loaded from the file anew

FAULTS = {fault.name: fault for fault in read_table()}
PLANTED = (forward, gradients, updates, saving)
"""The modules that hold the faults."""


def __getattr__(name: str) -> Experiment:
    if name in FAULTS:
        fault = FAULTS[name]
        return make_experiment(name, fault.model, fault.optimizer, planting.get_backend() == fault.planted_on)
    clean, _, rest = name.partition("-")
    model, _, optimizer = rest.partition("-")
    if clean == "clean" and model in zoo.ZOO:
        return make_experiment(name, model, optimizer, faulty=False)
    raise AttributeError(name)


def make_experiment(name: str, model: str, optimizer: str, faulty: bool) -> Experiment:
    """Make an experiment of a model with an optimizer ("" for its own), with the fault of that name or without."""
    kind = (zoo.ZOO | zoo.LIVE)[model]

    def build_model() -> object:
        planting.undo()
        build = lambda: kind.build(make_optimizer(optimizer or kind.optimizer))  # noqa: E731
        return planting.build(name, build) if faulty and name in planting.PLANTS else build()

    def load_data() -> Dataset:
        data = kind.load(0)
        return planting.DATA_FAULTS[name](data) if faulty and name in planting.DATA_FAULTS else data

    return Experiment(name, build_model, load_data, zoo.PLAN, zoo.PLAN)

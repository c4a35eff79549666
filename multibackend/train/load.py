"""Loading: an experiment, imported by its name."""

from __future__ import annotations

import importlib

from multibackend.experiments.catalogue import read_catalogue
from multibackend.experiments.experiment import Experiment
from multibackend.experiments.reference import parse_reference
from multibackend.train.own_model import load_own


def load_experiment(name: str) -> Experiment:
    """Import an experiment, by its name in the catalogue or as `path/to/file.py:name`.

    Raises:
        MultibackendError: the file can't be imported, or the name isn't of an experiment or a model's function.
    """
    if reference := parse_reference(name):
        return load_own(reference)
    entry = read_catalogue()[name]
    experiment = getattr(importlib.import_module(entry.module), entry.attribute)
    assert isinstance(experiment, Experiment)
    return experiment

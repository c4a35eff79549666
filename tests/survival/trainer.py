"""The worker itself, its protocol and its records, with a training in NumPy in place of a framework's."""

import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from fakes import synthetic

from multibackend.records.record import MODEL_FILE, Record, Run, find_records, load_record
from multibackend.train import worker
from multibackend.train.measure import Emit

MODEL_BYTES = 700_000
"""Two models are more than `check_writable` tries to write, so that a disk can be full later than there."""


def train(run: Run, prepared: synthetic.Setting, emit: Emit) -> Record:
    emit({"event": "epoch", "run": vars(run), "epoch": 1, "epochs": 1, "loss": 0.5})
    record = synthetic.train(prepared, run.backend, run.precision, run.perturbation)
    return with_model(record, np.random.default_rng(0).bytes(MODEL_BYTES))


def with_model(record: Record, model: bytes) -> Record:
    return Record(**{**vars(record), "files": {MODEL_FILE: model}})


def exchange(run: Run, built: synthetic.Setting, sources: list[Path]) -> Record:
    found = [load_record(folder) for source in sources for folder in find_records(source)]
    saved = [r for r in found if r.status == "finished" and r.run.task == "training" and not r.run.perturbation]
    wanted = (run.experiment, run.precision)
    return synthetic.interchange(
        built, run.backend, [r for r in saved if (r.run.experiment, r.run.precision) == wanted]
    )


def setting(run: Run, _threads: int = 1) -> synthetic.Setting:
    return synthetic.Setting(name=run.experiment, profile=run.profile, seed=run.seed)


def describe_environment(threads: int, backend: str) -> dict[str, Any]:
    packages = {"keras": "9.9.9", "numpy": np.__version__, backend: "9.9.9"}
    return synthetic.SHARED | {"backend": backend, "threads": threads, "packages": packages}


if __name__ == "__main__":
    worker.get_engine = lambda _: SimpleNamespace(device=lambda: "cpu")
    worker.describe_environment = describe_environment
    worker.apply_workarounds = lambda *_: nullcontext(())
    worker.draws = SimpleNamespace(identical_masks=nullcontext)
    worker.prepare = worker.build = setting
    worker.forget_data = worker.trim_heap = lambda: None
    worker.train_record = train
    worker.interchange_record = exchange
    worker.main()

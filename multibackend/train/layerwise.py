"""Layer by layer: the records that tell where in a training step an error starts; see `engine/layerwise.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from multibackend.engine.backends import BACKENDS, get_engine
from multibackend.engine.layerwise import isolate_step, trace_step
from multibackend.errors import MultibackendError
from multibackend.records.record import Record, Run, load_record
from multibackend.train.build import Built


def trace_record(run: Run, b: Built) -> Record:
    """Trace the first training step: its values are what each layer is run on alone, on every backend."""
    arrays = trace_step(get_engine(run.backend), b.model, b.first_batch)
    return Record(run=run, status="finished", digests=b.digests, structure={"order": list(arrays)}, arrays=arrays)


def isolation_record(run: Run, b: Built, sources: Sequence[Path]) -> Record:
    """Run each layer, the loss and the optimizer of the first training step alone, on the traced values.

    Raises:
        MultibackendError: there is no trace.
    """
    wanted = replace(run, precision="float64", task="trace")
    folders = [source / replace(wanted, backend=backend).folder for source in sources for backend in BACKENDS]
    found = next((folder for folder in folders if folder.is_dir()), None)
    if found is None:
        looked = ", ".join(map(str, sources))
        raise MultibackendError(f"trace of {run.experiment}: none in {looked}. Let it be made: multibackend parity")
    trace = load_record(found)
    arrays = isolate_step(get_engine(run.backend), b.model, b.first_batch, dict(trace.arrays))
    return Record(run=run, status="finished", digests=b.digests, structure={"order": list(arrays)}, arrays=arrays)

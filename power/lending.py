"""Lending: trainings that a fault doesn't touch are taken from the clean run of the same model.

A fault is on one backend. On the others its experiment *is* the clean one: the same model, data, seed and code. Their
records are copied to where `multibackend parity` looks for earlier trainings, under the fault's name, so that it trains
on the faulty backend alone. The closer looks that follow a comparison run on all backends.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from multibackend.records.record import MODEL_FILE, RECORD_FILE, Record, find_records, load_record, save_record
from power.table import Fault


def lend(faults: Iterable[Fault], clean: Path, records: Path, corpus: Path) -> int:
    """Copy the clean trainings below `clean` for these faults to `records`; return how many were copied.

    `corpus` is the file that both are experiments of.
    """
    lent, sources = 0, dict[str, list[tuple[Path, Record]]]()
    for folder in find_records(clean):
        record = load_record(folder)
        if record.run.task == "training" and record.status == "finished":
            sources.setdefault(record.run.experiment, []).append((folder, record))
    for fault in faults:
        model = f"{fault.model}-{fault.optimizer}" if fault.optimizer else fault.model
        for folder, record in sources.get(f"{corpus}:clean-{model}", []):
            if record.run.backend == fault.planted_on:
                continue
            model_file = folder / MODEL_FILE
            files = {MODEL_FILE: model_file.read_bytes()} if model_file.is_file() else {}
            ours = replace(record, run=replace(record.run, experiment=f"{corpus}:{fault.name}"), files=files)
            target = records / ours.run.folder
            if not (target / RECORD_FILE).is_file() or load_record(target).fingerprint != record.fingerprint:
                save_record(ours, records)
                lent += 1
    return lent

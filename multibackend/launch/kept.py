"""Kept records: the runs that an earlier command finished, and that need no new training."""

from __future__ import annotations

from pathlib import Path

from multibackend.errors import RecordError
from multibackend.launch.request import Request
from multibackend.records.record import RECORD_FILE, Run, load_record


def find_kept(request: Request) -> set[Run]:
    """Find the runs of a request that an earlier command finished under the same fingerprint."""
    return {run for run in request.runs if _is_kept(request.records(run) / run.folder, run, request.fingerprint)}


def _is_kept(folder: Path, run: Run, fingerprint: str) -> bool:
    if not (folder / RECORD_FILE).is_file():
        return False
    try:
        record = load_record(folder)
    except RecordError:
        return False
    return record.status == "finished" and record.run == run and record.fingerprint == fingerprint

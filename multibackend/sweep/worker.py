"""One backend's process in a sweep: runs its cases, keeps what each raises, and writes the results in parts.

Started as `python -m multibackend.sweep.worker` with its request on standard input (`train/events.py`).
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from multibackend.engine.backends import get_engine
from multibackend.engine.workarounds import apply_workarounds
from multibackend.experiments.choices import Precision
from multibackend.sweep.case import Case
from multibackend.sweep.request import CaseRun, Request
from multibackend.sweep.results import Outcome, save_part
from multibackend.train.events import read_request
from multibackend.train.worker import check_backend

PART_CASES = 40
"""Cases in a part: a second or two of work."""

LONGEST_ERROR = 300
"""The most characters of an error that are kept."""


def main() -> None:
    """Run a request to its end."""
    content, emit = read_request()
    request = msgspec.convert(content, Request)
    check_backend(request.backend)
    from multibackend.sweep.cases import CASES

    warnings.simplefilter("ignore")
    by_name = {str(case): case for case in CASES}
    number = request.first_part

    def configuration(run: CaseRun) -> tuple[Precision, bool]:
        return run.precision, by_name[run.case].workarounds

    for (precision, workarounds), group in groupby(request.runs, key=configuration):
        get_engine(request.backend).configure(precision, request.threads)
        with apply_workarounds(request.backend, precision, workarounds):
            runs = list(group)
            for start in range(0, len(runs), PART_CASES):
                part = runs[start : start + PART_CASES]
                cases = [by_name[run.case] for run in part]
                outcomes = [run_case(case, request.backend, precision, request.moves, emit) for case in cases]
                save_part(Path(request.results), number, outcomes)
                emit({"event": "saved", "runs": [asdict(run) for run in part], "part": number})
                number += 1
    emit({"event": "end"})


def run_case(case: Case, backend: str, precision: str, moves: bool, emit: Callable[[dict[str, Any]], None]) -> Outcome:
    """Run a case, and its repetition where inputs are to be moved; what goes wrong is in the outcome, not raised."""
    from multibackend.sweep.execute import execute

    emit({"event": "start", "run": {"precision": precision, "case": str(case)}})
    start = time.perf_counter()
    try:
        base, *moved = [execute(case, backend, precision, k) for k in range(case.repetitions if moves else 1)]
    except Exception as error:
        text = " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST_ERROR]
        return Outcome(str(case), backend, precision, error=text, seconds=round(time.perf_counter() - start, 4))
    return Outcome(
        str(case),
        backend,
        precision,
        dtypes=base.dtypes,
        seconds=round(time.perf_counter() - start, 4),
        arrays=base.arrays,
        moved=moved[0].arrays if moved else {},
    )


if __name__ == "__main__":
    main()

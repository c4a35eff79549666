"""Reduce every fault of the corpus by `multibackend reduce`, and count the scripts: `python -m power.reduce_all`.

Each fault is planted in the processes that run scripts (`preload.py`). A script counts if it has at most 30 lines, came
within the time, and, run alone in fresh processes, fails on the fault's backend and passes on the others and on the
same backend without the fault. A reduction starts from a stage and a place: those that a `results.json` of parity on
the corpus names, else those of the corpus' table. Results are appended to OUTPUT/reduced.jsonl; a fault that is there
isn't reduced again. Exits with 1 where fewer than 80 % are reduced.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from multibackend.engine.backends import BACKENDS
from multibackend.errors import MultibackendError
from multibackend.launch.choosing import name_pythons
from multibackend.reduce import reduce_experiment
from multibackend.reduce.difference import Difference, ReadFinding, find_difference, read_results
from multibackend.reduce.oracle import Oracle
from power.preload import write_preload
from power.table import Fault, read_table

HERE = Path(__file__).resolve().parent
CORPUS = Path("power/corpus.py")
REQUIRED = 0.80
SECONDS = 240.0


@dataclass(frozen=True)
class Row:
    """A line of `reduced.jsonl`: what came of a fault. `start` says whether a comparison or the table named the place.

    `problem` is "" for a script that counts.
    """

    fault: str
    stage: str
    start: str
    problem: str
    lines: int
    seconds: float
    load: float


def find_start(fault: Fault, findings: Sequence[ReadFinding]) -> tuple[Difference | None, str]:
    """Find where a fault first shows: in a comparison's findings, or where there are none, in the table."""
    experiment = f"{CORPUS}:{fault.name}"
    if any(finding.experiment == experiment for finding in findings):
        return find_difference(findings, experiment, BACKENDS), "comparison"
    places = tuple(place.replace("*", "") for place in fault.places)
    return Difference(fault.backends, fault.stage, places, fault.what, ("float32", "float64")), "table"


def reduce_fault(fault: Fault, findings: Sequence[ReadFinding], oracle: Oracle, output: Path, seconds: float) -> Row:
    """Reduce one fault; return what came of it."""
    began = time.monotonic()
    oracle.preload(write_preload(fault.name, output / f"{fault.name}.preload.py"))
    if fault.source.startswith("live"):
        oracle.preload_file = None  # nothing is planted: without it the script must fail as well
    start, source = find_start(fault, findings)
    try:
        if start is None:
            raise MultibackendError("the comparison finds nothing to reduce")
        script = output / f"{fault.name}.py"
        made = reduce_experiment(f"{CORPUS}:{fault.name}", start, oracle, script, seconds=seconds)
        problem, lines = made.problem, made.lines
        if not problem and made.backend not in fault.backends:
            problem = f"fails on {made.backend}, not {' or '.join(fault.backends)}"
    except MultibackendError as error:
        problem, lines = str(error), 0
    wall, load = round(time.monotonic() - began, 1), round(os.getloadavg()[0], 1)
    return Row(fault.name, fault.stage, source, problem, lines, wall, load)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="faults; by default, all")
    parser.add_argument("--output", type=Path, default=Path("runs/reduced"))
    parser.add_argument("--results", type=Path, nargs="*", default=[], help="results.json of parity on the corpus")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for each")
    return parser.parse_args()


def main() -> int:
    """Reduce all faults, print each row, return the exit code."""
    options = parse_arguments()
    findings = [finding for path in options.results for finding in read_results(path)]
    options.output.mkdir(parents=True, exist_ok=True)
    file = options.output / "reduced.jsonl"
    rows = [msgspec.json.decode(line, type=Row) for line in file.read_bytes().splitlines()] if file.exists() else []
    faults = [fault for fault in read_table() if not options.names or fault.name in options.names]
    random.Random(0).shuffle(faults)  # so that the first results are a fair sample
    done = {row.fault for row in rows}
    first = write_preload(faults[0].name, options.output / "first.preload.py")
    with Oracle(name_pythons(()), options.output / "logs", first, BACKENDS) as oracle:
        for fault in faults:
            if fault.name in done:
                continue
            row = reduce_fault(fault, findings, oracle, options.output, options.seconds)
            with file.open("ab") as lines:
                lines.write(msgspec.json.encode(row) + b"\n")
            rows.append(row)
            print(f"{row.fault:36} {row.lines:3} lines {row.seconds:6.1f} s  {row.problem}", flush=True)
    return report(rows, faults)


def report(rows: Sequence[Row], faults: Sequence[Fault]) -> int:
    """Print the share; return the exit code."""
    wanted = {fault.name for fault in faults}
    tried = [row for row in rows if row.fault in wanted]
    reduced = sum(not row.problem for row in tried)
    print(f"{len(faults)} faults, {len(tried)} tried, {reduced} reduced: {reduced / max(1, len(tried)):.0%}")
    return int(reduced < REQUIRED * len(faults))


if __name__ == "__main__":
    sys.exit(main())

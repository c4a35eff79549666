"""How many faults of the corpus `multibackend reduce` makes a script of: `python -m power.reduce_all`.

Each fault is planted in the processes that run scripts (`preload.py`); a script counts if it has at most 30 lines,
came within the time, and, run alone in fresh processes, fails on the fault's backend and passes on the others and on
the same backend without the fault. Where it starts from, a stage and a place, comes from a `results.json` of parity on
the corpus where one has it, else from the corpus' table. Results are appended to OUTPUT/reduced.jsonl; what is
there is not done again. Exits with 1 where fewer than 80 % are reduced.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from multibackend.reduce.parting import Parting, find_parting, read_results

from multibackend.engine.backends import BACKENDS
from multibackend.errors import MultibackendError
from multibackend.launch.choosing import name_pythons
from multibackend.reduce import reduce_experiment
from multibackend.reduce.oracle import Oracle
from power.preload import write_preload
from power.table import Fault, read_table

HERE = Path(__file__).resolve().parent
CORPUS = Path("power/corpus.py")
REQUIRED = 0.80
SECONDS = 240.0


def find_start(fault: Fault, results: Mapping[str, Any]) -> tuple[Parting | None, str]:
    """Where a fault first shows: as a comparison found it, or, where none was made, as the table has it."""
    experiment = f"{CORPUS}:{fault.name}"
    if any(finding["experiment"] == experiment for finding in results["findings"]):
        return find_parting(results, experiment, BACKENDS), "comparison"
    return Parting(fault.faulty, fault.stage, fault.where.replace("*", " "), ("float32", "float64")), "table"


def reduce_fault(
    fault: Fault, results: Mapping[str, Any], oracle: Oracle, output: Path, seconds: float
) -> dict[str, Any]:
    """Reduce one fault; say what came of it."""
    began = time.monotonic()
    oracle.preload(write_preload(fault.name, output / f"{fault.name}.preload.py"))
    if fault.source.startswith("live"):
        oracle.preload_file = None  # nothing is planted: without it the script must fail as well
    script = output / f"{fault.name}.py"
    start, source = find_start(fault, results)
    try:
        if start is None:
            raise MultibackendError("the comparison finds nothing to reduce")
        made = reduce_experiment(f"{CORPUS}:{fault.name}", start, oracle, script, seconds=seconds)
        problem, lines = made.problem, made.lines
        if not problem and made.backend not in fault.faulty:
            problem = f"fails on {made.backend}, not {fault.backend}"
    except MultibackendError as error:
        problem, lines = str(error), 0
    wall = round(time.monotonic() - began, 1)
    load = round(os.getloadavg()[0], 1)
    row = {"fault": fault.name, "stage": fault.stage, "start": source, "problem": problem, "lines": lines}
    return row | {"seconds": wall, "load": load}


def main() -> int:
    """Reduce all, print each, return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="faults; by default, all")
    parser.add_argument("--output", type=Path, default=Path("runs/reduced"))
    parser.add_argument("--results", type=Path, nargs="*", default=[], help="results.json of parity on the corpus")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for each")
    options = parser.parse_args()
    results = {"findings": [finding for path in options.results for finding in read_results(path)["findings"]]}
    options.output.mkdir(parents=True, exist_ok=True)
    file = options.output / "reduced.jsonl"
    done = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    faults = [fault for fault in read_table() if not options.names or fault.name in options.names]
    random.Random(0).shuffle(faults)  # so that what a part of them gives is a fair sample
    known = {row["fault"] for row in done}
    first = write_preload(faults[0].name, options.output / "first.preload.py")
    with Oracle(name_pythons(()), options.output / "logs", first, BACKENDS) as oracle:
        for fault in faults:
            if fault.name in known:
                continue
            row = reduce_fault(fault, results, oracle, options.output, options.seconds)
            with file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(row) + "\n")
            done.append(row)
            print(f"{row['fault']:36} {row['lines']:3} lines {row['seconds']:6.1f} s  {row['problem']}", flush=True)
    return report(done, faults)


def report(rows: list[dict[str, Any]], faults: list[Fault]) -> int:
    """Print the share; return the exit code."""
    wanted = {fault.name for fault in faults}
    rows = [row for row in rows if row["fault"] in wanted]
    reduced = sum(not row["problem"] for row in rows)
    print(f"{len(faults)} faults, {len(rows)} tried, {reduced} reduced: {reduced / max(1, len(rows)):.0%}")
    return int(reduced < REQUIRED * len(faults))


if __name__ == "__main__":
    sys.exit(main())

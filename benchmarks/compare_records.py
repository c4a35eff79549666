"""Measure the time and the memory that `multibackend compare` takes for ten to a thousand records.

`python -m benchmarks.compare_records` makes the records in a temporary folder (2 GB) and times the whole command. A
record is of B9's kind: 110,000 parameters, 600 steps, written as a worker writes it. Networks in NumPy stand in for the
backends; each sums in an order of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.lines import fit_line, format_table
from benchmarks.results import RESULTS, Contents
from multibackend.files import write_whole
from multibackend.records.record import Record, save_record
from multibackend.train.describe import describe_environment

ROOT = Path(__file__).resolve().parent.parent

EXPERIMENTS = (1, 11, 33, 112)
"""Numbers of experiments, with nine records each: every backend in float64, float32, and float32 perturbed."""

RECORDS_EACH = 9

HIDDEN, EPOCHS, ROWS = 9_166, 30, 320
"""Sizes of the network 8-9166-3 and of its training in batches of 16."""


def main() -> None:
    """Measure, and write `results/compare.json`."""
    environment = describe_environment(threads=1) | {"load_average_at_start": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory() as folder:
        entries = {str(n): measure(n, Path(folder)) for n in make_records(Path(folder))}
    counts = [entry["records"] for entry in entries.values()]
    lines = {key: fit_line(counts, [entry[key] for entry in entries.values()]) for key in ("seconds", "peak_bytes")}
    content = {"kind": "compare", "backend": "all", "environment": environment, "entries": entries, "lines": lines}
    write_whole(RESULTS / "compare.json", (json.dumps(content, indent=1) + "\n").encode())
    print(render({"all": content}))


def make_records(folder: Path) -> tuple[int, ...]:
    """Write the records of each number of experiments below a folder named by it."""
    records = train_synthetic()
    for count in EXPERIMENTS:
        for i in range(count):
            for record in records:
                run = replace(record.run, experiment=f"X{i + 1}")
                save_record(replace(record, run=run), folder / str(count) / "records")
    return EXPERIMENTS


def train_synthetic() -> list[Record]:
    """Train one experiment's nine records, as the tests make theirs."""
    sys.path.insert(0, str(ROOT / "tests"))  # tests are no package
    from fakes.synthetic import Setting, train_all

    records = train_all(Setting(hidden=HIDDEN, epochs=EPOCHS, rows=ROWS, rate=0.001), repetitions=1)
    return [record for record in records if record.run.task == "training"]


def measure(experiments: int, folder: Path) -> dict[str, Any]:
    """Run the command once; return wall and processor seconds, and the peak of its largest process in bytes."""
    command = [sys.executable, "-m", "multibackend", "compare", str(folder / str(experiments))]
    command += ["--output", str(folder / f"compared-{experiments}")]
    start = time.perf_counter()
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)}: exited with code {child.returncode}; expected 0")
    return {
        "records": experiments * RECORDS_EACH,
        "seconds": seconds,
        "processor_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    }


def render(contents: Contents) -> str:
    """Write the section's Markdown, from the content of `compare.json`."""
    content = contents["all"]
    rows = [
        [f"{e['records']:,}", f"{e['seconds']:.1f}", f"{e['processor_seconds']:.1f}", f"{e['peak_bytes'] / 1e6:.0f}"]
        for e in content["entries"].values()
    ]
    seconds, peak, where = content["lines"]["seconds"], content["lines"]["peak_bytes"], content["environment"]
    method = (
        "`multibackend compare`, the whole command with its figures, for records of 110,000 parameters and 600 steps, "
        f"nine an experiment. {where['cores']} cores, {where['processor']}, Python {where['python']}; "
        f"load average at the start {where['load_average_at_start']:.1f}."
    )
    lines = (
        f"On a line: {seconds['constant']:.2f} s and {1e3 * seconds['slope']:.1f} ms a record, each figure "
        f"within {seconds['largest_residual']:.0%}; {peak['constant'] / 1e6:.0f} MB and "
        f"{peak['slope'] / 1e3:.0f} kB a record, within {peak['largest_residual']:.0%}."
    )
    table = format_table(["records", "seconds", "processor seconds", "peak of the largest process, MB"], rows)
    return "\n\n".join(["## Comparing records", method, table, lines]) + "\n"


if __name__ == "__main__":
    main()

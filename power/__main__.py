"""Measure the power of the comparison, by `python -m power` or `nox -s power`.

The scores go to docs/power.md, and with everything behind them to power.json in the output folder. Exits with 1 where
a requirement is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

import msgspec

from multibackend.files import write_whole
from power.page import format_page
from power.study import HERE, Measured, measure
from power.table import read_table

PAGE = HERE.parent / "docs" / "power.md"

SEEDS = 5


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m power", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("runs/power"), help="where records and results go")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page to write")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many clean runs of each model")
    parser.add_argument("names", nargs="*", help="only these faults; then no clean runs, and no page is written")
    return parser.parse_args()


def main() -> int:
    """Measure, and write the page and the results."""
    given = parse_arguments()
    faults = [fault for fault in read_table() if not given.names or fault.name in given.names]
    if unknown := sorted(set(given.names) - {fault.name for fault in faults}):
        raise SystemExit(f"faults {', '.join(unknown)}: not in power/faults.toml; expected names that are there.")
    measured = measure(faults, 0 if given.names else given.seeds, given.output)
    write_whole(given.output / "power.json", format_results(measured))
    text = format_page(measured)
    if not given.names:
        write_whole(given.page, text.encode())
    print(text)
    # A study of some faults only says nothing of requirements that none of these concerns.
    return int(any(not given.names or measured.totals[name].total for name in measured.missed))


def format_results(measured: Measured) -> bytes:
    """Write everything measured, and the totals, as JSON."""
    result = msgspec.to_builtins(measured) | {
        "totals": {name: asdict(share) for name, share in measured.totals.items()},
        "keras_totals": {name: asdict(share) for name, share in measured.keras_totals.items()},
    }
    return (json.dumps(result, indent=2) + "\n").encode()


if __name__ == "__main__":
    sys.exit(main())

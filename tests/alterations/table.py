"""The table `docs/altered-records.md`: the result of each kind of alteration.

`python tests/alterations/table.py` makes the records, tries every alteration through `multibackend compare`, writes
the table, and exits with 1 if any result isn't the expected one. Words after it choose some alterations; then nothing
is written.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from alterations.corpus import ONE, Alteration, list_alterations  # noqa: E402
from alterations.records import find_folders, write_healthy  # noqa: E402
from alterations.trial import Trial, try_alteration  # noqa: E402

PAGE = ROOT / "docs" / "altered-records.md"
ENDS = ("refused", "failed", "noted", "passed", "traceback", "hang")


def main(words: str = "") -> int:
    """Try all alterations and write the page; or try those whose names hold these words, and write nothing."""
    with tempfile.TemporaryDirectory() as folder:
        healthy, scratch = Path(folder) / "healthy", Path(folder) / "scratch"
        write_healthy(healthy)
        header = json.loads((find_folders(healthy, ONE)[0] / "record.json").read_text())
        chosen = [one for one in list_alterations(header) if words in f"{one.kind}: {one.name}"]
        trials = [(one, try_alteration(one, healthy, scratch)) for one in chosen]
    wrong = [(one, trial) for one, trial in trials if not trial.fits(one.expected)]
    for one, trial in wrong:
        print(f"{one.kind}: {one.name}: {trial.end}; expected {one.expected}: {trial.said}")
    if not words:
        PAGE.write_text(format_page(trials), encoding="utf-8")
    print(f"{len(trials)} alterations, {len(wrong)} with another result than expected")
    return int(bool(wrong))


def format_page(trials: list[tuple[Alteration, Trial]]) -> str:
    """Format the page in Markdown."""
    commit = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    silent = sum(one.expected != "harmless" and trial.end == "passed" for one, trial in trials)
    slowest = max(trial.seconds for _, trial in trials)
    lines = [
        "# Altered records",
        "",
        f"{len(trials)} alterations of healthy records were each compared by `multibackend compare`. There were "
        f"{_count(trials, 'traceback')} tracebacks and {_count(trials, 'hang')} hangs, and {silent} faults passed "
        f"without a word. The slowest comparison took {slowest:.1f} s. Most alterations are signed: the sums in the "
        "record were computed anew.",
        "",
        "| result | meaning |",
        "|---|---|",
        "| refused | one line names the file and the field; nothing is compared |",
        "| failed | the comparison fails at a stage |",
        "| noted | the comparison passes, with a note beside its verdict |",
        "| passed | the comparison passes without a note, as it must after a harmless alteration |",
        "",
        f"Made by `python tests/alterations/table.py` at commit {commit.stdout.strip()}.",
        "",
        "| kind | cases | " + " | ".join(ENDS) + " | an example |",
        "|---|" + "---:|" * (len(ENDS) + 1) + "---|",
    ]
    for kind in dict.fromkeys(one.kind for one, _ in trials):
        ours = [(one, trial) for one, trial in trials if one.kind == kind]
        counts = " | ".join(str(_count(ours, end)) for end in ENDS)
        example, said = next(((one.name, trial.said) for one, trial in ours if trial.said), ("", ""))
        shown = said.split("records/")[-1].replace("|", "\\|")[:150]
        lines.append(f"| {kind} | {len(ours)} | {counts} | {example}: {shown} |")
    return "\n".join(lines) + "\n"


def _count(trials: list[tuple[Alteration, Trial]], end: str) -> int:
    return sum(trial.end == end for _, trial in trials)


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))

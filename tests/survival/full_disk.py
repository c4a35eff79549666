"""A disk that really is full: runs a play on small file systems in memory, then enlarges each and runs it again.

`python full_disk.py FOLDER LIMIT...` in a mount namespace of its own; a limit is an option of mount(8) such as
`size=64k` or `nr_inodes=9`. Prints one JSON object: how the run ended for each limit, and what was wrong.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from judges import Reference, judge_again, judge_end, judge_files, name_end
from plays import PLAYS, Theatre
from trials import prepare

ENOUGH = "size=64m,nr_inodes=1000"


def try_limit(theatre: Theatre, reference: Reference, limit: str, disk: Path) -> tuple[str, list[str]]:
    """Run on such a disk, and again on a larger one; return how the first run ended, and every fault of the two."""
    play = PLAYS["train"]
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", limit, "none", str(disk)], check=True)
    try:
        output = disk / "output"
        first = theatre.run(play.command, output)
        faults = [*judge_end(first, died=False), *judge_files(first, output, reference, lied=False)]
        subprocess.run(["mount", "-o", f"remount,{ENOUGH}", str(disk)], check=True)
        again = theatre.run(play.command, output)
        return name_end(first), faults + judge_again(first, again, output, reference, lied=False)
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    theatre = Theatre(folder / "theatre")
    theatre.folder.mkdir()
    theatre.build()
    reference = prepare(theatre, PLAYS["train"], folder / "undisturbed")
    limits = sys.argv[2:]
    print(json.dumps({limit: try_limit(theatre, reference, limit, folder / f"disk-{limit}") for limit in limits}))

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = str(Path(__file__).with_name("full_disk.py"))
SIZES = [f"size={kilobytes}k" for kilobytes in (4, *range(64, 2048, 64))]
FILES = [f"nr_inodes={files}" for files in range(2, 24)]
SAMPLE = ["size=4k", "size=1280k", "size=1920k", "nr_inodes=3", "nr_inodes=10"]
"""Full before the first training, in the second, and not at all; then the same with too few files."""


def can_mount() -> bool:
    """Whether this user may make a file system that nobody else sees."""
    command = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
    return os.name == "posix" and subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.timeout(3600)
def test_a_disk_that_is_full_is_said_and_the_run_goes_on_when_there_is_room(
    tmp_path: Path, request: pytest.FixtureRequest, record_property
) -> None:
    if not can_mount():
        pytest.skip("only root can mount a small disk: sudo unshare --mount")
    limits = [*SIZES, *FILES] if request.config.getoption("--every-point", default=False) else SAMPLE
    command = ["unshare", "--mount", sys.executable, SCRIPT, str(tmp_path), *limits]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    ended = json.loads(answer.stdout.splitlines()[-1])
    record_property("ended", [("train", limit, "small disk", end) for limit, (end, _) in ended.items()])
    assert {end for end, _ in ended.values()} == {"exit 0", "exit 1"}
    assert not [f"{limit}: {end}: {faults}" for limit, (end, faults) in ended.items() if faults]

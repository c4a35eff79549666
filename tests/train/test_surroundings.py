"""Surroundings: what a model changed of its process is put back; each tried in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import asyncio, gc, os, signal, sys, warnings
from pathlib import Path
import numpy as np
from multibackend.train.surroundings import Surroundings

def look():
    return (
        os.getcwd(), dict(os.environ), {{n: signal.getsignal(n) for n in signal.valid_signals()}}, gc.isenabled(),
        sys.getrecursionlimit(), list(warnings.filters), np.geterr(), os.umask(0o22), os.fstat(0).st_rdev,
        os.get_blocking(1), os.get_blocking(2), os.fstat(1).st_ino, os.fstat(2).st_ino,
    )

pipe = os.open(sys.argv[1], os.O_WRONLY)
os.dup2(pipe, 1), os.dup2(pipe, 2), os.close(pipe)
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
surroundings = Surroundings(Path(sys.argv[1]))
before = look()
{change}
surroundings.begin("the next")
assert look() == before, [pair for pair in zip(look(), before) if pair[0] != pair[1]]
print("out"); print("err", file=sys.stderr); assert sys.stdin.read() == ""
"""

CHANGES = {
    "folder": "os.chdir('/')",
    "environment": "os.environ.clear(); os.environ['A'] = 'b'",
    "handlers": "[signal.signal(n, signal.SIG_IGN) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)]",
    "alarm": "signal.alarm(1)",
    "umask": "os.umask(0o777)",
    "switches": "gc.disable(); sys.setrecursionlimit(5000); warnings.simplefilter('error'); np.seterr(all='raise')",
    "closed streams": "sys.stdout.close(); sys.stderr.close(); sys.stdin.close()",
    "no streams": "sys.stdout = sys.stderr = sys.stdin = None",
    "descriptors": "os.closerange(0, 4096)",
    "redirected": "n = os.open('other', os.O_RDWR | os.O_CREAT); [os.dup2(n, i) for i in range(3)]",
    "not blocking": "os.set_blocking(1, False); os.set_blocking(2, False)",
    "reused": "os.closerange(0, 4096); [os.open(os.devnull, os.O_RDWR) for _ in range(150)]",
    "many": "os.closerange(3, 99)",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_a_model_changes_is_put_back(tmp_path: Path, change: str) -> None:
    os.mkfifo(tmp_path / "log")
    number = os.open(tmp_path / "log", os.O_RDWR | os.O_NONBLOCK)
    command = [sys.executable, "-c", PROGRAM.format(change=change), str(tmp_path / "log")]
    code = subprocess.run(command, cwd=tmp_path, timeout=120).returncode
    words = os.read(number, 1 << 16).decode()
    os.close(number)
    assert code == 0, words
    assert words.split("\n") == ["", "[multibackend] the next", "out", "err", ""]

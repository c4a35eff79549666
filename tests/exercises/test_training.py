"""The command line trains the whole course on this environment's backend; `nox -s tests` compares the records."""

import os
import subprocess
import sys
from pathlib import Path

BACKEND = os.environ["KERAS_BACKEND"]
ROOT = Path(__file__).resolve().parents[2]


def test_the_courses_experiments_train():
    command = [sys.executable, "-m", "multibackend", "train", "--backend", BACKEND, "--precision", "both"]
    usual = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}  # as users train
    done = subprocess.run([*command, "--output", f"runs/{BACKEND}"], cwd=ROOT, env=usual)
    assert done.returncode == 0

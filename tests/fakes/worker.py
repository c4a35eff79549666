"""A worker that speaks the protocol and trains nothing: an experiment's name says how its run goes.

It leaves traces beside its records: `trained`, a line for each run begun, and `pids`, each process's number.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from multibackend.record import Record, Run, save_record

EPOCHS = 2
EPOCH_SECONDS = float(os.environ.get("FAKE_EPOCH_SECONDS", "0"))


def main(path: str) -> None:
    request = json.loads(Path(path).read_text())
    output = Path(path).parents[1]
    note(output / "pids", os.getpid())
    if any(run["experiment"] == "dies-before-ready" for run in request["runs"]):
        sys.exit("ImportError: libcudart is not there")
    assert os.environ["KERAS_BACKEND"] == request["backend"]
    say(event="ready", packages={}, device="cpu")
    for run, records in zip(request["runs"], request["records"], strict=True):
        say(event="start", run=run)
        note(output / "trained", f"{run['experiment']} {run['backend']} {run['precision']} {run['perturbation']}")
        behave(run, {**request, "records": records}, output)
    say(event="end")


def behave(run: dict[str, Any], request: dict[str, Any], output: Path) -> None:
    match run["experiment"]:
        case "raises":
            finish(run, request, status="failed", reason="ValueError: the shapes don't fit")
        case "unavailable":
            finish(run, request, status="not-run", reason="no network")
        case "crashes":
            sys.exit("RuntimeError: illegal instruction")
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hangs":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            child = subprocess.Popen(["sleep", "600"])  # holds our output open
            note(output / "pids", child.pid)
            time.sleep(600)
        case "leaves":
            sys.exit(0)
        case "fatal":
            say(event="fatal", reason="record: can't be written to /full")
            time.sleep(600)
        case "babbles":
            print('A library says hello\n{"event": 3}\n{"event": "start", "run": {}}\n[1]', flush=True)
            say(event="epoch", run={**run, "backend": "caffe"}, epoch=1, epochs=2, loss="much")
            os.write(1, b"\xff\xfe\x00 no text\n" + b"x" * 3_000_000 + b"\n")
            finish(run, request)
        case _:
            finish(run, request)


def finish(run: dict[str, Any], request: dict[str, Any], status: Any = "finished", reason: str = "") -> None:
    arrays = {}
    if status == "finished":
        for epoch in range(1, EPOCHS + 1):
            time.sleep(EPOCH_SECONDS)
            say(event="epoch", run=run, epoch=epoch, epochs=EPOCHS, loss=1 / epoch)
        arrays = {"losses": np.array([1.0, 0.5]), "history/loss": np.array([1.0, 0.5]), "test/accuracy": np.array(0.75)}
    record = Record(
        Run(**run),
        status,
        reason,
        request["fingerprint"],
        environment={"backend": run["backend"], "packages": {"keras": "9.9.9", run["backend"]: "9.9.9"}},
        wall_seconds={"train": 1.5 + time.time() % 0.01},  # never those of another
        arrays=arrays,
    )
    save_record(record, Path(request["records"]))
    say(event="done", run=run, status=status, reason=reason)


def say(**event: object) -> None:
    print(json.dumps(event), flush=True)


def note(path: Path, line: object) -> None:
    with path.open("a") as file:
        file.write(f"{line}\n")


if __name__ == "__main__":
    main(sys.argv[1])

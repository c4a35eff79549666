"""A worker that speaks the protocol and trains nothing: an experiment's name says how its run goes.

It leaves traces beside its records: `trained`, a line for each run begun, and `pids`, each process's number.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from multibackend.records.record import Record, Run, save_record
from multibackend.train.events import Sender, read_request
from multibackend.train.keeper import LOG_MARK

EPOCHS = 2
send: Sender
EPOCH_SECONDS = float(os.environ.get("FAKE_EPOCH_SECONDS", "0"))


def main() -> None:
    global send
    request, send = read_request()
    while True:
        do(request)
        request = {**request, **send.hear_question({"event": "end"})}


def do(request: dict[str, Any]) -> None:
    output = Path(request["log"]).parents[1]
    note(output / "pids", os.getpid())
    note(output / "workers", f"{request['backend']} {request['workers']}")
    if any(run["experiment"] == "dies-before-ready" for run in request["runs"]):
        sys.exit("ImportError: libcudart is not there")
    assert os.environ["KERAS_BACKEND"] == request["backend"]
    say(event="ready", packages={}, device="cpu")
    for run, records in zip(request["runs"], request["records"], strict=True):
        print(f"\n{LOG_MARK}{run['experiment']}", flush=True)
        say(event="start", run=run)
        note(output / "trained", f"{run['experiment']} {run['backend']} {run['precision']} {run['perturbation']}")
        behave(run, {**request, "records": records}, output)


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
        case "waits":  # until somebody writes `go`, then gives an old answer
            while not (output / "go").exists():
                time.sleep(0.05)
            finish(run, request)
        case "daemonises":  # twice forked, in a session of its own, as a server is started
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    note(output / "pids", os.getpid())
                    time.sleep(600)
                os._exit(0)
            os.wait()
            while len((output / "pids").read_text().split()) < 2:
                time.sleep(0.02)
            if os.environ.get("FAKE_HANGS"):
                time.sleep(600)
            finish(run, request)
        case "floods":
            for _ in range(40):
                os.write(1, b"x" * (1 << 20))
            print("\nthe last of many words", flush=True)
            sys.exit(1)
        case "scribbles":
            for number in range(3, 256):
                with contextlib.suppress(OSError):
                    os.write(number, b'{"event": "done"}\n{"event": "end", "secret"')
            finish(run, request)
        case "closes":
            os.closerange(0, 4096)
            finish(run, request)
        case "mute":
            os._exit(3)
        case "leaves":
            sys.exit(0)
        case "fatal":
            say(event="fatal", reason="record: can't be written to /full")
            time.sleep(600)
        case "babbles":
            print('A library says hello\n{"event": 3}\n{"event": "start", "run": {}}\n[1]', flush=True)
            say(event="epoch", run={**run, "backend": "caffe"}, epoch=1, epochs=2, loss="much")
            os.write(1, b"\xff\xfe\x00 no text\n")
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
    send(event)


def note(path: Path, line: object) -> None:
    with path.open("a") as file:
        file.write(f"{line}\n")


if __name__ == "__main__":
    main()

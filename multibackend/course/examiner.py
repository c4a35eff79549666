"""Examiner: one process a backend that has Keras imported, and forks itself for each submission.

Importing a framework takes seconds, forking a tenth of one. Started as `python -m multibackend.course.examiner FD`,
with a Unix socket as that file descriptor. A request is one JSON object, with the connection to the judge beside
it; the answer is the number of the process, which the judge may kill.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import json
import os
import signal
import site
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from multibackend.course.host import Host
from multibackend.course.isolation import Limits, die_with_parent, enter, limit
from multibackend.data import data_folders

LARGEST_REQUEST = 1 << 16
MOST_DESCRIPTORS = 1 << 12

PRELOADED = (
    *("numpy", "pandas", "keras", "matplotlib.figure", "sklearn.model_selection", "sklearn.preprocessing"),
    "multibackend.data",
)
"""What exercises import."""


def main(descriptor: int) -> None:
    """Import what exercises need, say so, and fork until the other side hangs up."""
    control = socket.socket(fileno=descriptor)
    for name in PRELOADED:
        importlib.import_module(name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    control.sendall(b"ready\n")
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, LARGEST_REQUEST, 1)
        if not message:
            return
        request = json.loads(message)
        connection = socket.socket(fileno=descriptors[0])
        child = os.fork()
        if not child:
            _examine(request, control, connection)
        connection.close()
        control.sendall(f"{child}\n".encode())


def _examine(request: dict[str, Any], control: socket.socket, connection: socket.socket) -> None:
    """Become the submission's process; doesn't return."""
    with suppress(BaseException):
        die_with_parent()
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        control.close()
        kept = connection.fileno()
        os.closerange(3, kept)
        os.closerange(kept + 1, MOST_DESCRIPTORS)
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        host = Host(connection)
        host.answer(lambda: isolate(request))
        limit(Limits(**request["limits"]))
        host.serve()
    os._exit(0)


def isolate(request: dict[str, Any]) -> None:
    """Isolate this process if that is wanted.

    Raises:
        NoIsolation: it can't be; nothing of the submission has run.
    """
    if request["isolate"]:
        enter(_readable(), _solutions())


def _readable() -> list[Path]:
    """The folders of Python, of what is installed for it, of this package, and of the data."""
    site_folders = [*site.getsitepackages(), site.getusersitepackages()]
    packages = [str(path.parent) for name in ("keras", "multibackend") if (path := _find(name))]
    return [Path(path) for path in (sys.prefix, sys.base_prefix, *site_folders, *packages, *map(str, data_folders()))]


def _solutions() -> list[Path]:
    """The folder of the reference solutions."""
    found = _find("exercises")
    return [found.parent] if found else []


def _find(package: str) -> Path | None:
    specification = importlib.util.find_spec(package)
    return Path(specification.origin) if specification and specification.origin else None


if __name__ == "__main__":
    main(int(sys.argv[1]))

"""Examiner: a process that has imported one backend's Keras, and forks itself for each submission.

Importing a framework takes seconds, forking takes a tenth of a second. It is started as
`python -m multibackend.course.examiner FD`, with a Unix socket as that file descriptor. A request is one JSON object
with two sockets beside it: the connection between judge and submission, and the leash. The judge lets go of the leash
to end the submission's process, see `warden.py`.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import site
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from multibackend.course.cgroup import make_group
from multibackend.course.host import Host
from multibackend.course.isolation import NoIsolation, enter, leave_processes
from multibackend.course.limits import Limits, limit
from multibackend.course.root_folder import View
from multibackend.course.warden import guard
from multibackend.datasets.builtin import find_file
from multibackend.datasets.checksums import ARCHIVES, TABLES
from multibackend.engine.backends import DESCRIPTORS
from multibackend.experiments.registry import find_folders, list_packages
from multibackend.paths import cache_folder

LARGEST_REQUEST = 1 << 16

PRELOADED = (
    *("numpy", "pandas", "keras", "matplotlib.figure", "sklearn.model_selection", "sklearn.preprocessing"),
    "multibackend.datasets.builtin",
)
"""The modules that exercises import."""

PARTS_OF_PYTHON = ("bin", "lib", "lib64", "include", "share", "pyvenv.cfg")
"""Python's own files in the folder that it is installed in. That folder may hold a teacher's files, too."""

START_SECONDS = 60.0
"""The time to build a submission's walls, on a busy machine; the judge's own limit starts when they stand."""


def main(descriptor: int) -> None:
    """Import what exercises need, report that, and fork for each request until the other side hangs up."""
    control, examiner = socket.socket(fileno=descriptor), os.getpid()
    for name in PRELOADED:
        importlib.import_module(name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    control.sendall(b"ready\n")
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, LARGEST_REQUEST, 2)
        if not message:
            return
        connection, leash = (socket.socket(fileno=descriptor) for descriptor in descriptors)
        if not os.fork():
            control.close()
            _guard(json.loads(message), connection, leash, examiner)
        connection.close()
        leash.close()


def _guard(request: dict[str, Any], connection: socket.socket, leash: socket.socket, examiner: int) -> None:
    """Become the warden of a submission, for as long as the examiner lives; this doesn't return."""
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _examine(Limits(**request["limits"]), request["isolate"], connection, leash, examiner)
    finally:
        os._exit(0)


def _examine(limits: Limits, isolate: bool, connection: socket.socket, leash: socket.socket, examiner: int) -> None:
    """Fork the submission's process, within walls if that is wanted, and return when it is gone."""
    host, group, user = Host(connection), make_group(limits) if isolate else None, None

    def build_walls() -> None:
        if group:
            group.join()
        if isolate:
            enter(_view(), user, connection.fileno())
        limit(limits, alone=isolate)

    def begin() -> None:
        if host.answer(build_walls):
            host.serve()

    if isolate:
        try:
            user = leave_processes()
        except NoIsolation as error:
            host.refuse(error)
            return
    guard(leash, START_SECONDS + limits.seconds, group, begin, examiner)


def _view() -> View:
    """List what a submission sees: Python, its packages, this package, the data, and functions compiled before.

    It sees nothing of packages that are installed where this Python doesn't look, and nothing of any registered course,
    whose packages hold the reference solutions.
    """
    prefixes = [Path(prefix, part) for prefix in (sys.prefix, sys.base_prefix) for part in PARTS_OF_PYTHON]
    site_folders = [Path(folder) for folder in site.getsitepackages()]
    if site.ENABLE_USER_SITE:
        site_folders.append(Path(site.getusersitepackages()))
    packages = [folder for name in ("keras", "multibackend") for folder in find_folders(name)]
    data = [path for name in (*TABLES, *ARCHIVES) if (path := find_file(name))]
    compiled = [cache_folder() / backend.compiled_folder for backend in DESCRIPTORS.values() if backend.compiled_folder]
    shown = (*prefixes, *site_folders, *packages, *data, *compiled)
    libraries = [*shown, Path("/usr/lib"), Path("/usr/local/lib")]
    return View(shown, tuple(_list_hidden(libraries, sys.path, list_packages())))


def _list_hidden(shown: Sequence[Path], looked_in: Sequence[str], courses: Sequence[str]) -> Iterator[Path]:
    """List each folder of a course's package, and folders of packages below those shown that Python doesn't look in."""
    for course in courses:
        yield from find_folders(course)
    ours = {Path(folder).resolve() for folder in looked_in if folder}
    for folder in {*shown, *(path for library in shown for path in library.glob("python*/*-packages"))}:
        yield from (folder / course for course in courses)
        if folder.name.endswith("-packages") and folder.resolve() not in ours:
            yield folder


if __name__ == "__main__":
    main(int(sys.argv[1]))

"""Processes: one child for each backend, with that backend's Python, which measures what it is asked for."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from multibackend.engine.backend import Device
from multibackend.engine.backends import environment_variables
from multibackend.errors import MultibackendError
from multibackend.launch.child import Child
from multibackend.launch.probing import Interpreter
from multibackend.train.events import read_request

ROOT = Path(__file__).resolve().parent.parent

MOST_SECONDS = 24 * 3600.0
"""Seconds for one step of a measurement, such as a workload in all its ways."""

LAST_LINES = 20
"""Lines of its log that are shown of a child that ends without an answer."""

Tell = Callable[[str], None]
"""Says what is being measured now."""


def ask(module: str, interpreter: Interpreter, device: Device, threads: int, request: dict[str, Any]) -> dict[str, Any]:
    """Run `module` in a child of its own and return its answer; standard error shows what is being measured.

    Raises:
        MultibackendError: the child ended without an answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = make_environment(interpreter.backend, device, threads, folder)
        content = {**request, "backend": interpreter.backend, "threads": threads}
        child = Child([interpreter.python, "-P", "-m", module], environment, Path(folder, "log"), content)
        try:
            while (event := child.wait_for_event(MOST_SECONDS)) is not None:
                if "answer" in event:
                    answer: dict[str, Any] = event["answer"]
                    return answer
                print(f"{interpreter.backend} {event.get('doing')}", file=sys.stderr, flush=True)
        finally:
            ending = child.close()
        lines = "\n".join(child.read_last_lines()[-LAST_LINES:])
    raise MultibackendError(f"backend {interpreter.backend}: {module}: {ending}; its last lines:\n{lines}")


def make_environment(backend: str, device: Device, threads: int, folder: str) -> dict[str, str]:
    """Make a child's environment: this package can be imported, and nothing is compiled yet.

    What compiling takes must not depend on what was compiled before, so compiled functions are kept in `folder`.
    """
    with patch.dict(os.environ, MULTIBACKEND_CACHE=folder):
        variables = environment_variables(backend, device, threads)
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, **variables, "PYTHONPATH": path}


def serve(measure: Callable[[dict[str, Any], Tell], dict[str, Any]]) -> None:
    """Answer the request that this process was started with."""
    request, emit = read_request()
    answer = measure(request, lambda what: emit({"doing": what}))
    emit({"answer": json.loads(json.dumps(answer, default=float))})

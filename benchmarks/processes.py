"""Processes: one child a backend, with that backend's Python, asked by a JSON file and answering by another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from multibackend.engine.backend import Device
from multibackend.engine.backends import environment_variables
from multibackend.errors import MultibackendError
from multibackend.launch.probing import Interpreter

ROOT = Path(__file__).resolve().parent.parent


def ask(module: str, interpreter: Interpreter, device: Device, threads: int, request: dict[str, Any]) -> dict[str, Any]:
    """Run `module` in a child of its own and return its answer; what it prints goes to standard error.

    Raises:
        MultibackendError: the child ended without an answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        variables = environment_variables(interpreter.backend, device, threads)
        if interpreter.backend == "jax":
            # Empty, so that what compiling takes doesn't depend on what was compiled before.
            variables["JAX_COMPILATION_CACHE_DIR"] = f"{folder}/compiled"
        question, answer = Path(folder, "request.json"), Path(folder, "answer.json")
        content = {"backend": interpreter.backend, "threads": threads, **request}
        question.write_text(json.dumps(content), encoding="utf-8")
        command = [interpreter.python, "-m", module, str(question), str(answer)]
        code = subprocess.run(command, cwd=ROOT, env=os.environ | variables, stdout=sys.stderr, check=False).returncode
        if code or not answer.is_file():
            raise MultibackendError(f"backend {interpreter.backend}: {module} exited with code {code}; see above.")
        result: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        return result


def serve(work: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answer the request that this process was started with."""
    question, answer = map(Path, sys.argv[1:])
    result = work(json.loads(question.read_text(encoding="utf-8")))
    answer.write_text(json.dumps(result, default=float), encoding="utf-8")

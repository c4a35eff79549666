"""Choosing: which Python runs which backend."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from multibackend.engine.backends import BACKENDS, DESCRIPTORS
from multibackend.errors import MultibackendError
from multibackend.launch.probing import Interpreter, probe_all, problem_of

PYTHON_VARIABLE = "MULTIBACKEND_PYTHON"
"""The environment variable that holds BACKEND=PATH for each backend that this Python doesn't run, between spaces."""


def find_backend_problem(names: Sequence[str], able: Sequence[str] = BACKENDS) -> str:
    """Say why backends of these names can't be compared; empty where at least two of those that are able are named."""
    expected = ", ".join(able)
    if unknown := [name for name in names if name not in able]:
        return f"got {unknown[0]!r}; expected some of {expected}."
    if len(set(names)) < 2:
        return f"got {', '.join(names) or 'none'}; expected at least two of {expected}, to be compared."
    return ""


def name_pythons(values: Sequence[str]) -> dict[str, str]:
    """Name the Python of each backend: as `values` say, or else MULTIBACKEND_PYTHON, or else this one.

    Raises:
        MultibackendError: a value that isn't BACKEND=PATH.
    """
    pythons = dict.fromkeys(DESCRIPTORS, sys.executable)
    for value in [*os.environ.get(PYTHON_VARIABLE, "").split(), *values]:
        backend, equals, path = value.partition("=")
        if backend not in DESCRIPTORS or not equals or not path:
            raise MultibackendError(f"got {value!r}; expected BACKEND=PATH, with {' or '.join(DESCRIPTORS)}.")
        pythons[backend] = path
    return pythons


def require(pythons: Mapping[str, str]) -> list[Interpreter]:
    """Return the interpreters of these backends, each ready to train.

    Raises:
        MultibackendError: some can't be trained on; a line for each, with the command that fixes it.
    """
    answers = probe_all(pythons)
    problems = [problem for answer in answers.values() if (problem := problem_of(answer))]
    if problems:
        raise MultibackendError("\n".join(problems))
    return [answer for answer in answers.values() if isinstance(answer, Interpreter)]


def choose(backend: str | None, pythons: Mapping[str, str]) -> list[Interpreter]:
    """Return the interpreter of a backend, or those of all for "all"; for None, KERAS_BACKEND's or the first ready one.

    Raises:
        MultibackendError: what was asked for isn't ready; a line for each, with the command that fixes it.
    """
    backend = backend or next((name for name in BACKENDS if name == os.environ.get("KERAS_BACKEND")), None)
    if backend is None:
        return [_find_ready(pythons)]
    return require({name: pythons[name] for name in (BACKENDS if backend == "all" else (backend,))})


def _find_ready(pythons: Mapping[str, str]) -> Interpreter:
    problems = []
    for answer in probe_all({name: pythons[name] for name in BACKENDS}).values():
        if isinstance(answer, Interpreter) and not answer.problem:
            return answer
        problems.append(problem_of(answer))
    raise MultibackendError("\n".join(problems))

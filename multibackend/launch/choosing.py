"""Choosing: which Python runs which backend."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from multibackend.engine.backends import BACKENDS
from multibackend.errors import MultibackendError
from multibackend.launch.probing import Interpreter, probe_all, problem_of

PYTHON_VARIABLE = "MULTIBACKEND_PYTHON"
"""Holds BACKEND=PATH for each backend that this Python doesn't run, with spaces between."""


def name_pythons(values: Sequence[str]) -> dict[str, str]:
    """The Python of each backend: this one, unless MULTIBACKEND_PYTHON or, before it, `values` name another.

    Raises:
        MultibackendError: a value that isn't BACKEND=PATH.
    """
    pythons = dict.fromkeys(BACKENDS, sys.executable)
    for value in [*os.environ.get(PYTHON_VARIABLE, "").split(), *values]:
        backend, equals, path = value.partition("=")
        if backend not in BACKENDS or not equals or not path:
            raise MultibackendError(f"got {value!r}; expected BACKEND=PATH, with {' or '.join(BACKENDS)}.")
        pythons[backend] = path
    return pythons


def require(pythons: Mapping[str, str]) -> list[Interpreter]:
    """The interpreters of these backends, each ready to train.

    Raises:
        MultibackendError: of one line for each backend that can't be trained on, with the command that fixes it.
    """
    answers = probe_all(pythons)
    problems = [problem for answer in answers.values() if (problem := problem_of(answer))]
    if problems:
        raise MultibackendError("\n".join(problems))
    return [answer for answer in answers.values() if isinstance(answer, Interpreter)]


def choose(backend: str | None, pythons: Mapping[str, str]) -> list[Interpreter]:
    """The interpreter of a backend, or of "all"; for None, KERAS_BACKEND's, or else the first that is ready.

    Raises:
        MultibackendError: what was asked for isn't ready; a line for each, with the command that fixes it.
    """
    backend = backend or next((name for name in BACKENDS if name == os.environ.get("KERAS_BACKEND")), None)
    if backend is None:
        return [_first_ready(pythons)]
    return require(pythons if backend == "all" else {backend: pythons[backend]})


def _first_ready(pythons: Mapping[str, str]) -> Interpreter:
    problems = []
    for answer in probe_all(pythons).values():
        if isinstance(answer, Interpreter) and not answer.problem:
            return answer
        problems.append(problem_of(answer))
    raise MultibackendError("\n".join(problems))

"""Host: a submission's own process. It runs the student's file, keeps its objects, and answers the judge's questions.

Nothing here knows the right answers: the judge is in another process, and sees only what objects are and do.
"""

from __future__ import annotations

import importlib
import socket
import sys
import traceback
import types
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from multibackend.course import wire

MODULE = "submission"
MESSAGE_CHARACTERS = 500

KEEPS = 100_000
"""The most objects held at once; a judge asks for some dozens."""


class Host:
    """Objects by their handles; 0 is the student's module."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._filename = ""
        self._held: list[Any] = []

    def serve(self) -> None:
        """Take the file's name and source, run it, report how that went, and answer until the judge hangs up."""
        self._filename, content = wire.receive(self._connection, _no_handle, None)
        source = content.tobytes().decode("utf-8")
        module = types.ModuleType(MODULE)
        sys.modules[MODULE] = module
        self._held.append(module)
        self.answer(lambda: exec(compile(source, self._filename, "exec"), module.__dict__))
        while True:
            try:
                request = wire.receive(self._connection, lambda handle: self._held[handle["handle"]], None)
            except EOFError:
                return
            self.answer(partial(self._do, **request))

    def answer(self, action: Callable[[], Any]) -> bool:
        """Call `action`, and send its value, or its exception's description; return True for a value."""
        try:
            value = action()
        except BaseException as error:  # SystemExit and KeyboardInterrupt are a student's mistake as any other
            self.refuse(error)
            return False
        try:
            wire.send(self._connection, {"value": value}, self._hold)
        except wire.TooLarge:
            wire.send(self._connection, {"value": wire.Kept(value)}, self._hold)
        return True

    def refuse(self, error: BaseException) -> None:
        """Send an exception's description."""
        wire.send(self._connection, {"raised": self._describe(error)}, self._hold)

    def _describe(self, error: BaseException) -> dict[str, Any]:
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == self._filename]
        if isinstance(error, SyntaxError) and error.filename == self._filename:
            lines = [error.lineno]
        try:
            said = error.msg if isinstance(error, SyntaxError) else str(error)  # whose text names file and line, too
            message = said[:MESSAGE_CHARACTERS]
        except Exception:
            message = ""
        return {"type": type(error).__name__, "message": message, "line": lines[-1] if lines else None}

    def _hold(self, value: Any) -> dict[str, Any]:
        if len(self._held) > KEEPS:
            raise MemoryError(f"more than {KEEPS} objects")
        self._held.append(value)
        return {"handle": len(self._held) - 1, "class": type(value).__name__}

    def _do(self, verb: str, target: Any = None, **details: Any) -> Any:
        match verb:
            case "import":
                return importlib.import_module(details["name"])
            case "get":
                return getattr(target, details["name"])
            case "call":
                return target(*details["args"], **details["kwargs"])
            case "item":
                return target[details["key"]]
            case "length":
                return len(target)
            case "is":
                return isinstance(target, details["kind"])
            case "numbers":
                return numbers(target)
            case "weights":
                return [numbers(variable) for variable in target.weights]
            case "set weights":
                return target.set_weights(details["arrays"])
        raise ValueError(verb)


def _no_handle(_description: dict[str, Any]) -> None:
    raise wire.Malformed("no message: a handle before there is any")


def numbers(value: Any) -> np.ndarray:
    """Return the numbers in a tensor, a variable, a table, or a list of these, as an array."""
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, (list, tuple)):
        return np.array([numbers(item) for item in value])
    if hasattr(value, "to_numpy"):
        return np.asarray(value.to_numpy())
    keras = importlib.import_module("keras")
    if keras.ops.is_tensor(value) or isinstance(value, keras.Variable):
        return np.asarray(keras.ops.convert_to_numpy(value))
    return np.asarray(value)

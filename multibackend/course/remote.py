"""Remote: a submission as its judge sees it, at arm's length.

Objects that the student's code makes stay in the student's process. A judge writes `model.layers[0].units` as if the
model were here. Each step is a question to that process, and the answer is plain data or a `Remote`, never an object
with a behaviour of its own. So a submission can give wrong answers, and do nothing else.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from multibackend.course import wire
from multibackend.course.answered import mark
from multibackend.errors import MultibackendError
from multibackend.text import sanitize

LONGEST_NAME = 80
"""Characters of a class's name that are kept."""


class Raised(MultibackendError):
    """The student's code raised an exception, at `line` of their file (None: elsewhere)."""

    def __init__(self, kind: str, message: str, line: int | None) -> None:
        super().__init__(f"{kind}: {message}" if message else kind)
        self.kind = kind
        self.message = message
        self.line = line


class Missing(Exception):
    """The student's file doesn't define `name`."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Ended(MultibackendError):
    """The submission's process is gone, or no longer speaks as it should."""


class OutOfTime(MultibackendError):
    """The submission's time is over."""


class Remote:
    """An object in a submission's process. Each attribute, item and call is a question to that process."""

    def __init__(self, link: Link, handle: int, kind: str) -> None:
        self._link = link
        self._handle = handle
        self._kind = kind

    def __repr__(self) -> str:
        return f"<{self._kind}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__") and name != "__name__":
            raise AttributeError(name)
        return self._link.ask("get", self, name=name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it there; arguments are plain data, arrays, and other remote objects."""
        return self._link.ask("call", self, args=list(args), kwargs=kwargs)

    def __getitem__(self, key: Any) -> Any:
        return self._link.ask("item", self, key=key)

    def __len__(self) -> int:
        length = self._link.ask("length", self)
        return length if type(length) is int and length >= 0 else 0

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Any:
        raise TypeError("a remote object isn't iterated over; ask for its items by position")


class Link:
    """The questions to one submission and its answers, within `seconds` in all.

    Raises:
        Raised: the student's code raised an exception.
        Ended: the process is gone.
        OutOfTime: there is no time left.
    """

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection = connection
        self._deadline = time.monotonic() + seconds

    def wait(self) -> Any:
        """Wait for the next answer."""
        answer = self._exchange(lambda: wire.receive(self._connection, self._resolve, self._deadline))
        match answer:
            case {"value": value}:
                return mark(value)
            case {"raised": {"type": str(kind), "message": str(message), "line": int() | None as line}}:
                raise Raised(sanitize(kind, LONGEST_NAME), sanitize(message), line)
        raise Ended("it answered something else than it was asked")

    def tell(self, message: Any) -> None:
        """Send plain data."""
        self._exchange(lambda: wire.send(self._connection, message, _name))

    def ask(self, verb: str, target: Any = None, **details: Any) -> Any:
        """Ask a question, and return the answer."""
        self.tell({"verb": verb, "target": target, **details})
        return self.wait()

    def _exchange(self, action: Any) -> Any:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise OutOfTime("no time left")
        self._connection.settimeout(left)
        try:
            return action()
        except TimeoutError as error:
            raise OutOfTime("no time left") from error
        except (EOFError, OSError, wire.Malformed, wire.TooLarge) as error:
            raise Ended(sanitize(str(error)) or "its process ended") from error

    def _resolve(self, description: dict[str, Any]) -> Remote:
        match description:
            case {"handle": int(handle), "class": str(kind)}:
                return Remote(self, handle, sanitize(kind, LONGEST_NAME))
        raise wire.Malformed("no message: neither data nor a handle")


def _name(value: Any) -> dict[str, Any]:
    if not isinstance(value, Remote):
        raise TypeError(f"a judge sends plain data, arrays and remote objects; got {type(value).__name__}")
    return {"handle": value._handle}


class Student:
    """A student's file, as its judge sees it: `student.build_model()` calls the student's function there.

    `random` draws the judge's own inputs; `keras` is the Keras of that process.

    Raises:
        Missing: the file defines no such name.
    """

    def __init__(self, link: Link, seed: int) -> None:
        self._link = link
        self._module = Remote(link, 0, "module")
        self._calls: dict[str, Any] = {}
        self.random = np.random.default_rng(seed)

    def __getattr__(self, name: str) -> Any:
        try:
            return getattr(self._module, name)
        except Raised as error:
            if error.kind == "AttributeError" and error.line is None:  # the module's own, not the student's code's
                raise Missing(name) from error
            raise

    @property
    def keras(self) -> Any:
        """The module `keras` of that process."""
        return self.module("keras")

    def module(self, name: str) -> Any:
        """Import a module that is installed there."""
        return self._link.ask("import", name=name)

    def once(self, name: str) -> Any:
        """Call the student's function `name` without arguments, once for all points; return what it returned."""
        if name not in self._calls:
            self._calls[name] = self.__getattr__(name)()
        return self._calls[name]

    def is_a(self, thing: Any, kind: str) -> bool:
        """Tell whether it is an instance of a class in `keras`, such as "layers.Dense"."""
        if not isinstance(thing, Remote):
            return False
        found = self.keras
        for part in kind.split("."):
            found = getattr(found, part)
        return self._link.ask("is", thing, kind=found) is True

    def class_name(self, thing: Any) -> str:
        """Return the name of its class."""
        return thing._kind if isinstance(thing, Remote) else type(thing).__name__

    def activation(self, layer: Any) -> Any:
        """Return the name of a layer's activation."""
        return layer.activation.__name__

    def numbers(self, thing: Any) -> np.ndarray:
        """Return the numbers in a tensor, a variable, a table or a list of these."""
        if isinstance(thing, np.ndarray):
            return thing
        found = self._link.ask("numbers", thing)
        return found if isinstance(found, np.ndarray) else np.asarray([])

    def weights(self, thing: Any) -> list[np.ndarray]:
        """Return all weights of a layer or model, in Keras' order."""
        found = self._link.ask("weights", thing)
        return found if isinstance(found, list) else []

    def set_weights(self, thing: Any, arrays: Sequence[np.ndarray]) -> None:
        """Give a built layer or model these weights."""
        self._link.ask("set weights", thing, arrays=list(arrays))

    def apply(self, thing: Any, *inputs: np.ndarray, training: bool = False) -> np.ndarray:
        """Call a layer or model on inputs, (rows, ...), and return its outputs."""
        arguments = inputs[0] if len(inputs) == 1 else list(inputs)
        return self.numbers(thing(arguments, training=training))

    def layers(self, model: Any) -> list[Any]:
        """List a model's layers without its input layers; a model within it is replaced by its own layers."""
        found: list[Any] = []
        for layer in model.layers:
            if self.is_a(layer, "Model"):
                found += self.layers(layer)
            elif not self.is_a(layer, "layers.InputLayer"):
                found.append(layer)
        return found

"""References: a model of the user's own as `path/to/file.py:name`, and the files that decide what it is.

`path/to/file.py:name@DATA` names its data too: a function of the same file, `other.py:function`, or an `.npz` file.
Importing this module imports nothing but the standard library.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

from multibackend.errors import MultibackendError
from multibackend.experiments.sources import list_sources

PATTERN = re.compile(r"(?P<path>.+?\.py):(?P<name>[^@:]+)(@(?P<data>.+))?")


@dataclass(frozen=True)
class Reference:
    """The name of an object in the file `path`; `data` is what follows the @, or empty."""

    path: Path
    name: str
    data: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.name}" + (f"@{self.data}" if self.data else "")

    @property
    def data_file(self) -> Path | None:
        """The other file that holds the data, or the function that loads them; None if there is none."""
        if not self.data or self.data.isidentifier():
            return None
        other = PATTERN.fullmatch(self.data)
        return Path(other["path"] if other else self.data)

    @property
    def files(self) -> list[Path]:
        """The user's files that decide a training: the model's, the data's, and what these import from beside them."""
        files = list(list_sources(self.path))
        if self.data_file:
            files += list_sources(self.data_file)
        return list(dict.fromkeys(files))


def parse_reference(text: str) -> Reference | None:
    """Read `path/to/file.py:name` or `path/to/file.py:name@DATA`; None for a name of the catalogue."""
    match = PATTERN.fullmatch(text)
    if match:
        return Reference(Path(match["path"]), match["name"], match["data"] or "")
    path, colon, name = text.rpartition(":")
    return Reference(Path(path), name) if colon else None


def normalise(text: str) -> str:
    """Rewrite a reference with paths relative to the working folder, if they lie below it: CI jobs then agree on names.

    Raises:
        MultibackendError: a file that isn't there.
    """
    reference = parse_reference(text)
    if reference is None or not reference.path.is_file():
        path = str(reference.path) if reference else text
        raise MultibackendError(f"experiment {text!r}: no file {path!r}; expected path/to/file.py:name.")
    data = reference.data
    if reference.data_file:
        if not reference.data_file.is_file():
            raise MultibackendError(
                f"experiment {text!r}: no file {str(reference.data_file)!r} to take data from; expected "
                "path/to/file.py:name@load_data, ...@other.py:load_data or ...@data.npz."
            )
        data = data.replace(str(reference.data_file), _from_here(reference.data_file), 1)
    return str(Reference(Path(_from_here(reference.path)), reference.name, data))


def _from_here(path: Path) -> str:
    resolved, here = path.resolve(), Path.cwd().resolve()
    return str(resolved.relative_to(here) if resolved.is_relative_to(here) else resolved)


def shorten(text: str) -> str:
    """Shorten a name as it is shown: a reference without the folders."""
    reference = parse_reference(text)
    if reference is None:
        return text
    data = f"@{Path(reference.data).name}" if reference.data else ""
    return f"{reference.path.name}:{reference.name}{data}"


def name_function(function: Callable[..., Any], what: str) -> Reference:
    """Name a function (or class) by its file, so that another process finds it.

    Raises:
        MultibackendError: it can't be named: a lambda, one made inside another function, or typed at a prompt.
    """
    name = getattr(function, "__qualname__", type(function).__qualname__)
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    advice = "Each backend imports it in a process of its own: define it at the top of a file."
    if "<" in name or module is None:
        raise MultibackendError(f"{what} {name}: not a function of a module, by name. {advice}")
    file = getattr(module, "__file__", None) or ""
    if not file.endswith(".py") or not Path(file).is_file():
        raise MultibackendError(f"{what} {name}: its module {module.__name__} has no file. {advice}")
    try:
        there = attrgetter(name)(module)
    except AttributeError:
        there = None
    if there is not function:
        raise MultibackendError(f"{what} {name}: {file} has another object of that name. {advice}")
    return Reference(Path(file), name)

"""References: a model of the user's own as `path/to/file.py:name`, and the files that decide what it is.

`path/to/file.py:name@DATA` names its data too: a function of the same file, `other.py:function`, or an `.npz` file.
Importing this module imports nothing but the standard library.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any

from multibackend.errors import MultibackendError

PATTERN = re.compile(r"(?P<path>.+?\.py):(?P<name>[^@:]+)(@(?P<data>.+))?")

_folders: list[str] = []
"""Where the last user's file, and what it imports from beside it, was imported from."""


@dataclass(frozen=True)
class Reference:
    """`name` in the file `path`; `data` as after the @, or ""."""

    path: Path
    name: str
    data: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.name}" + (f"@{self.data}" if self.data else "")

    @property
    def data_file(self) -> Path | None:
        """The file that holds the data, or the function that loads them, where that is another one."""
        if not self.data or self.data.isidentifier():
            return None
        other = PATTERN.fullmatch(self.data)
        return Path(other["path"] if other else self.data)

    @property
    def files(self) -> list[Path]:
        """The user's files that decide a training: the model's, the data's, and what they import from beside them."""
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
    """A reference with its files from the working folder where they lie below it, so that CI jobs name it alike.

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
    """A name as it is shown: of a reference, without the folders."""
    reference = parse_reference(text)
    if reference is None:
        return text
    data = f"@{Path(reference.data).name}" if reference.data else ""
    return f"{reference.path.name}:{reference.name}{data}"


# --------------------------------------------------------------------------------------- importing


def locate(path: Path) -> tuple[Path, str]:
    """The folder that Python must find a file's module from, and the module's name there.

    As for `python file.py`, that is the file's own folder; for a file in a package, the folder that holds the package.
    """
    folder, name = path.resolve().parent, path.stem
    while (folder / "__init__.py").is_file():
        folder, name = folder.parent, f"{folder.name}.{name}"
    return folder, name.removesuffix(".__init__")


def import_file(path: Path) -> ModuleType:
    """Import a user's file anew; what lies beside it can be imported, now and while its functions run.

    What was imported from beside another user's file is forgotten: its `layers.py` isn't this one's.

    Raises:
        MultibackendError: it isn't a Python file.
    """
    folder, name = locate(path)
    _enter(str(folder))
    if "." in name:
        package = importlib.import_module(name.rpartition(".")[0])
        if not Path(package.__file__ or "").resolve().is_relative_to(folder):
            raise MultibackendError(
                f"experiment file {path}: package {package.__name__} was imported from {package.__file__}; "
                f"expected it from {folder}. Install that one, or rename it."
            )
    else:
        name = f"experiment_{name}"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise MultibackendError(f"experiment file {path}: not a Python file; expected path/to/file.py:name.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _enter(folder: str) -> None:
    """Let modules be found in this folder first, and those of the last one no longer."""
    for last in [last for last in _folders if last != folder]:
        for name, module in list(sys.modules.items()):
            beside = str(Path(last, *name.split(".")))
            if getattr(module, "__file__", None) in (f"{beside}.py", str(Path(beside, "__init__.py"))):
                del sys.modules[name]
        sys.path[:] = [entry for entry in sys.path if entry != last]
        _folders.remove(last)
    if folder not in sys.path:
        sys.path.insert(0, folder)
        _folders.append(folder)
    if (here := str(Path.cwd())) not in sys.path:  # for a file that imports from where the command was started
        sys.path.append(here)
    importlib.invalidate_caches()


def list_sources(path: Path) -> Iterator[Path]:
    """A file and, of what it imports, the files beside it, theirs in turn included; nothing is imported."""
    waiting, seen = [path.resolve()], set[Path]()
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        yield file
        if file.suffix == ".py" and file.is_file():
            folder, name = locate(file)
            package = name.rpartition(".")[0] if file.name != "__init__.py" else name
            for imported in _list_imports(file, package):
                waiting += _find_module(folder, imported)


def _list_imports(file: Path, package: str) -> Iterator[str]:
    """The full names of what a file imports, anywhere in it; of `from a import b` both `a` and `a.b`."""
    try:
        tree = ast.parse(file.read_bytes())
    except SyntaxError:
        return  # which its import will say
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join(filter(None, [*parents, node.module]))
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _find_module(folder: Path, name: str) -> list[Path]:
    """The files below a folder that importing a name runs: of `a.b`, `a/__init__.py` and `a/b.py`."""
    found, at = list[Path](), folder
    for part in filter(None, name.split(".")):
        at = at / part
        found += [file for file in (at / "__init__.py", at.with_name(f"{part}.py")) if file.is_file()]
    return found


# --------------------------------------------------------------------------------- from an object


def name_function(function: Callable[..., Any], what: str) -> tuple[Path, str]:
    """The file of a function (or class) and its name there, by which another process finds it.

    Raises:
        MultibackendError: it has none: a lambda, one made inside another function, or typed at a prompt.
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
    return Path(file), name

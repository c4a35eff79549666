"""Importing: a user's file, found as Python would find it, and imported anew."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from multibackend.errors import MultibackendError

_folders: list[str] = []
"""The folder that the last user's file was imported from; what it imports from beside it is found there."""


def locate(path: Path) -> tuple[Path, str]:
    """Return the folder from which Python finds a file's module, and the module's name there.

    As for `python file.py`, that is the file's own folder; for a file in a package, the folder that holds the package.
    """
    folder, name = path.resolve().parent, path.stem
    while (folder / "__init__.py").is_file():
        folder, name = folder.parent, f"{folder.name}.{name}"
    return folder, name.removesuffix(".__init__")


def import_file(path: Path) -> ModuleType:
    """Import a user's file anew; it can import files beside it, now and while its functions run.

    Modules from beside another user's file are forgotten: both may have a `layers.py`.

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
    """Let Python find modules in this folder first, and no longer in the last one."""
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
    if (here := str(Path.cwd())) not in sys.path:  # for a file that imports from the working folder
        sys.path.append(here)
    importlib.invalidate_caches()

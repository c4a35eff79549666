"""Sources: the files that a user's file imports from beside it; nothing is imported to find them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from multibackend.experiments.importing import locate


def list_sources(path: Path) -> Iterator[Path]:
    """Yield a file and the files beside it that it imports, also through one another; nothing is imported."""
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
    """Yield the full names of what a file imports, anywhere in it; for `from a import b` both `a` and `a.b`."""
    try:
        tree = ast.parse(file.read_bytes())
    except SyntaxError:
        return  # its import will say so
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join(filter(None, [*parents, node.module]))
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _find_module(folder: Path, name: str) -> list[Path]:
    """Find the files below a folder that importing a name runs: for `a.b`, `a/__init__.py` and `a/b.py`."""
    found, at = list[Path](), folder
    for part in filter(None, name.split(".")):
        at = at / part
        found += [file for file in (at / "__init__.py", at.with_name(f"{part}.py")) if file.is_file()]
    return found

"""Definitions: the source of the user's own classes and functions, without comments, with all that they need."""

from __future__ import annotations

import ast
import inspect
import textwrap
from types import ModuleType
from typing import Any

from multibackend.errors import MultibackendError

ALLOWED = ("keras", "numpy", "math")
"""The packages that a script may import."""


def find_definition(name: str, namespace: dict[str, Any]) -> str:
    """Return the source that defines a name of a module, after the source of everything that it reads.

    Raises:
        MultibackendError: it can't be had as source, or it needs another package than Keras and NumPy.
    """
    made: dict[str, str] = {}
    _collect(name, namespace, made)
    return "\n".join(made.values())


def _collect(name: str, namespace: dict[str, Any], made: dict[str, str]) -> None:
    if name in made:
        return
    value = namespace[name]
    if isinstance(value, ModuleType):
        made[name] = _write_import(name, value.__name__)
        return
    if value.__class__ in (int, float, str, bool, tuple, list, type(None)):
        made[name] = f"{name} = {value!r}"
        return
    origin = getattr(value, "__module__", "") or ""
    if origin.split(".")[0] in ALLOWED and origin != namespace.get("__name__"):
        public = origin.split(".")[0]
        folder = next((m for m in _public_modules(public) if getattr(m, name, None) is value), None)
        if folder is None:
            raise MultibackendError(f"{name} of {origin}: no public name; expected one of {public}.")
        made[name] = f"from {folder.__name__} import {name}"
        return
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(value)))
    except (OSError, TypeError, SyntaxError) as error:
        raise MultibackendError(f"{name}: its source can't be read ({error}); expected a def or class.") from error
    made[name] = ""  # what refers to itself finds itself here
    for needed in _read_names(tree):
        if needed in namespace and needed != name and not needed.startswith("__"):
            _collect(needed, namespace, made)
    made[name] = made.pop(name) + _strip(tree)


def _public_modules(package: str) -> list[ModuleType]:
    import keras
    import numpy

    top = keras if package == "keras" else numpy
    return [top, *(m for m in vars(top).values() if isinstance(m, ModuleType))]


def _write_import(name: str, module: str) -> str:
    public = module.removeprefix("keras._tf_keras.").replace("keras.api.", "keras.")
    if public.split(".")[0] not in ALLOWED:
        raise MultibackendError(f"{name}: the module {module}; expected Keras and NumPy alone.")
    folder, _, last = public.rpartition(".")
    if not folder:
        return f"import {public}" if public == name else f"import {public} as {name}"
    return f"from {folder} import {last}" + ("" if last == name else f" as {name}")


def _read_names(tree: ast.AST) -> list[str]:
    """List the names that code reads, without those in annotations."""
    _strip_annotations(tree)
    return list(dict.fromkeys(node.id for node in ast.walk(tree) if isinstance(node, ast.Name)))


def _strip_annotations(tree: ast.AST) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
            arguments = node.args
            for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
                argument.annotation = None


def _strip(tree: ast.Module) -> str:
    """Return the code without docstrings, comments and annotations."""
    _strip_annotations(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, ast.ClassDef):
            node.decorator_list = [
                made for made in node.decorator_list if "register_keras_serializable" not in ast.unparse(made)
            ]
            for i, line in enumerate(node.body):
                if isinstance(line, ast.AnnAssign) and line.value is not None:
                    node.body[i] = ast.copy_location(ast.Assign(targets=[line.target], value=line.value), line)
    text = ast.unparse(ast.fix_missing_locations(tree))
    return "\n".join(line for line in text.splitlines() if line.strip())

"""Who imports what: data flow one way, and only the engines know a framework."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import multibackend

PACKAGE = Path(multibackend.__file__).parent
ROOT = PACKAGE.parent
FRAMEWORKS = {"jax", "jaxlib", "tensorflow", "torch"}
KERASLESS = (
    "record",
    "compare",
    "report",
    "cli",
    "launch",
    "supervisor",
    "process",
    "progress",
    "experiment",
    "doctor",
    "api",
    "catalogue",
    "data_file",
    "reference",
    "dispatch",
    "pytest_plugin",
)
ORDER = ("experiment", "draws", "data", "engine", "worker", "record", "compare", "report")
"""Data flow to the right; a module imports only from its left, but for `record`, which the worker writes."""


def imports(path: Path) -> set[str]:
    """The modules a file imports anywhere in it, by their full names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def sources(*parts: str) -> list[Path]:
    """The Python files of these modules and packages of ours."""
    return [p for part in parts for p in [PACKAGE / f"{part}.py", *(PACKAGE / part).rglob("*.py")] if p.is_file()]


def test_only_the_engines_import_a_framework() -> None:
    files = [p for p in PACKAGE.rglob("*.py") if PACKAGE / "engine" not in p.parents]
    files += [*(ROOT / "exercises").rglob("*.py"), *(PACKAGE / "engine" / f"{n}.py" for n in ("contract", "payback"))]
    assert len(files) > 30
    for path in files:
        assert not {name.split(".")[0] for name in imports(path)} & FRAMEWORKS, path


@pytest.mark.parametrize("module", KERASLESS)
def test_what_compares_and_launches_imports_no_keras(module: str) -> None:
    assert sources(module)
    for path in sources(module):
        assert not any(name.split(".")[0] == "keras" for name in imports(path)), path


def test_data_flow_one_way() -> None:
    for i, module in enumerate(ORDER):
        later = [f"multibackend.{name}" for name in ORDER[i + 1 :]]
        later = [name for name in later if (module, name) != ("worker", "multibackend.records.record")]
        for path in sources(module):
            wrong = [n for n in imports(path) for name in later if n == name or n.startswith(f"{name}.")]
            assert not wrong, f"{path}: {wrong}"


@pytest.mark.parametrize("module", ["compare", "report", "record", "cli", "api", "pytest_plugin"])
def test_importing_loads_no_framework_and_no_keras(module: str) -> None:
    code = f"import sys, multibackend.{module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & (FRAMEWORKS | {"keras", "pandas", "scipy", "sklearn", "matplotlib"})

"""The house: which way imports run, which code knows Keras or a framework, and how large its rooms are."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

import multibackend
from multibackend.engine.backends import DESCRIPTORS

PACKAGE = Path(multibackend.__file__).parent
ROOT = PACKAGE.parent
COURSE = ROOT / "exercises/multibackend_course"

GROUND = ("errors", "machine", "paths", "text", "files", "typed")
ORDER = (
    *GROUND,
    *("experiments", "datasets", "draws", "engine", "records", "train", "compare", "report", "launch"),
    *("sweep", "reduce", "course", "api", "pytest_plugin", "cli", "__main__"),
)
"""Data flow to the right: a module or package imports only what stands to its left."""

BEFORE_KERAS = (*GROUND, "experiments", "records")
WITHOUT_KERAS = (*BEFORE_KERAS, "compare", "report", "launch", "api", "pytest_plugin", "cli")
"""What names, records, launches, judges and shows imports no Keras."""

FRAMEWORKS = {package.module for backend in DESCRIPTORS.values() for package in backend.packages} | {"jaxlib"}
SHARED_BY_ENGINES = (
    *("contract", "model", "state", "intercept", "loop"),
    *("backend", "backends", "payback", "layerwise", "through_fit", "workarounds"),
)

MOST_AT_THE_TOP, MOST_FILES_AT_THE_TOP, MOST_LEVELS = 25, 9, 10
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 250, 50


def name_of(path: Path) -> str:
    """A file's module by its full name."""
    parts = path.relative_to(COURSE.parent if path.is_relative_to(COURSE) else ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for folder in (PACKAGE, COURSE) for path in folder.rglob("*.py")}
OURS = {name: path for name, path in MODULES.items() if name.startswith("multibackend.")}


@cache
def parse(name: str) -> ast.Module:
    return ast.parse(MODULES[name].read_text(encoding="utf-8"))


@cache
def imports(name: str) -> frozenset[str]:
    """The modules that a module imports, anywhere in it, by their full names."""
    package = name.split(".") if MODULES[name].name == "__init__.py" else name.split(".")[:-1]
    found: set[str] = set()
    for node in ast.walk(parse(name)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join(filter(None, [*parents, node.module]))
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def top_of(name: str) -> str:
    """The module or package at the top of the house that a module of ours belongs to; "" for the package itself."""
    return name.split(".")[1] if name.count(".") else ""


@cache
def links() -> dict[str, frozenset[str]]:
    """What each module or package at the top imports of the others."""
    found: dict[str, set[str]] = defaultdict(set)
    for name in OURS:
        ours = {top_of(other) for other in imports(name) if other in OURS}
        found[top_of(name)] |= ours - {top_of(name)}
    return {name: frozenset(others) for name, others in found.items()}


def test_every_module_has_its_place_and_every_place_a_module() -> None:
    assert sorted(links()) == sorted(ORDER)
    for name in SHARED_BY_ENGINES:
        assert f"multibackend.engine.{name}" in OURS, name


def test_no_import_runs_backwards() -> None:
    place = {name: i for i, name in enumerate(ORDER)}
    backwards = {
        f"{name} -> {other}"
        for name in OURS
        for other in imports(name)
        if other in OURS and place[top_of(other)] > place[top_of(name)]
    }
    assert not backwards


def test_no_modules_import_one_another_in_a_circle() -> None:
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join([*trail[trail.index(name) :], name])
        if name not in done:
            for other in imports(name) & MODULES.keys() - {name}:
                if not name.startswith(f"{other}."):  # a module's own package holds no more than names
                    visit(other, (*trail, name))
            done.add(name)

    for name in OURS:
        visit(name, ())


def test_only_the_engines_import_a_framework() -> None:
    frameworks = {name for name in MODULES if {n.split(".")[0] for n in imports(name)} & FRAMEWORKS}
    backends = tuple(f"multibackend.engine.{name}." for name in DESCRIPTORS)
    assert frameworks
    assert not {name for name in frameworks if not name.startswith(backends)}
    assert not {name for name in frameworks if name.endswith(".descriptor")}


def test_what_names_launches_judges_and_shows_imports_no_keras() -> None:
    keras = {name for name in OURS if any(n.split(".")[0] == "keras" for n in imports(name))}
    assert not {name for name in keras if top_of(name) in WITHOUT_KERAS}
    assert any(top_of(name) == "engine" for name in keras)


def test_the_product_does_not_name_its_course() -> None:
    courses = {name.split(".")[0] for name in MODULES} - {"multibackend"}
    assert courses
    assert not {name for name in OURS if {n.split(".")[0] for n in imports(name)} & courses}


DISTRIBUTIONS = {"PIL": "pillow", "sklearn": "scikit-learn", "tensorflow": "tensorflow-cpu"}
"""The distributions that don't have the name of their module."""


def test_every_import_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    declared = {re.split(r"[^\w.-]", line, maxsplit=1)[0] for lines in groups for line in lines}
    top = {name.split(".")[0] for module in MODULES for name in imports(module) if name}
    ours = {name.split(".")[0] for name in MODULES}
    foreign = {DISTRIBUTIONS.get(name, name) for name in top - ours - set(sys.stdlib_module_names)}
    assert {"numpy", "keras", "pillow"} <= foreign
    assert not foreign - declared


def test_the_house_stays_small_at_the_top() -> None:
    assert len(links()) <= MOST_AT_THE_TOP
    assert len(list(PACKAGE.glob("*.py"))) <= MOST_FILES_AT_THE_TOP

    def level(name: str) -> int:
        return 1 + max(map(level, links()[name]), default=0)

    assert max(map(level, links())) <= MOST_LEVELS


def test_no_module_and_no_function_is_long() -> None:
    long = {name: n for name, path in MODULES.items() if (n := path.read_text("utf-8").count("\n")) > MOST_LINES}
    assert not long
    functions = [
        (name, node)
        for name in MODULES
        for node in ast.walk(parse(name))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert len(functions) > 1000
    lengths = {f"{name}.{node.name}": (node.end_lineno or 0) - node.lineno + 1 for name, node in functions}
    assert not {name: lines for name, lines in lengths.items() if lines > MOST_LINES_OF_A_FUNCTION}


@pytest.mark.parametrize(
    "module", [*BEFORE_KERAS, "compare", "report", "engine.backends", "cli", "api", "pytest_plugin"]
)
def test_importing_loads_no_framework_and_no_keras(module: str) -> None:
    code = f"import sys, multibackend.{module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & (FRAMEWORKS | {"keras", "pandas", "scipy", "sklearn", "matplotlib"})

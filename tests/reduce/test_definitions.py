"""Definitions: what a name needs stands before it, comments and annotations are gone, other packages are refused."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from multibackend.errors import MultibackendError
from multibackend.reduce.definitions import find_definition

SOURCE = '''
import functools
import math
import json
import numpy as np

SLOPE = 0.25


def bend(x: float) -> float:
    """Bend."""
    return SLOPE * x  # gently


class Bent:
    """Has a method."""

    rate: float = 2.0

    def call(self, x: float) -> float:
        """Call itself, and bend."""
        return math.floor(bend(x)) + self.again(np.abs(x), Bent)

    def again(self, x: float, kind: type) -> float:
        return self.rate * x


def foreign(x):
    return json.dumps(x)


made = functools.partial(bend)
'''


@pytest.fixture
def namespace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    path = tmp_path / "own.py"
    path.write_text(SOURCE, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("own", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "own", module)  # `inspect` looks for a class' file there
    spec.loader.exec_module(module)
    return vars(module)


def test_a_class_comes_with_all_it_needs(namespace: dict[str, Any]) -> None:
    text = find_definition("Bent", namespace)
    lines = text.splitlines()
    assert lines.index("SLOPE = 0.25") < lines.index("def bend(x):") < lines.index("class Bent:")
    assert "import math" in lines
    assert "import numpy as np" in lines
    assert not any('"""' in line or "#" in line or "->" in line for line in lines)
    alone: dict[str, Any] = {}
    exec(text, alone)
    assert alone["Bent"]().call(8.0) == namespace["Bent"]().call(8.0)


def test_another_package_is_refused_by_name(namespace: dict[str, Any]) -> None:
    with pytest.raises(MultibackendError, match="json"):
        find_definition("foreign", namespace)


def test_what_has_no_source_of_its_own_is_refused(namespace: dict[str, Any]) -> None:
    with pytest.raises(MultibackendError, match="made"):
        find_definition("made", namespace)

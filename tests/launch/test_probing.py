"""Probing: an interpreter's answer is read into types, and refused in a line where it is something else."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from multibackend.engine.backends import BACKENDS
from multibackend.errors import MultibackendError
from multibackend.launch.probing import list_source_packages, probe


def test_this_python_says_what_it_has_and_where() -> None:
    found = probe(sys.executable, BACKENDS[0])
    assert found.versions["numpy"] is not None
    assert found.versions["python"] == "{}.{}.{}".format(*sys.version_info[:3])
    assert set(found.folders) <= set(list_source_packages())
    assert (Path(found.folders["multibackend"]) / "launch" / "probing.py").is_file()


@pytest.mark.parametrize("answer", ["", "hello", "[]", '{"versions": {}}', '{"versions": {"jax": 3}, "folders": {}}'])
def test_another_answer_is_refused_in_a_line_with_what_to_type(tmp_path: Path, answer: str) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\necho '{answer}'\n")
    program.chmod(0o755)
    with pytest.raises(MultibackendError, match="doesn't answer as a Python does") as caught:
        probe(str(program), "jax")
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith("--python jax=PATH")

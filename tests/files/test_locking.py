"""A lock is one command's, and tells others who has it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from multibackend.errors import MultibackendError
from multibackend.files.locking import locked


def test_the_second_is_told_who_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["multibackend", "--output", "Jos\udce9", "\x1b[2J"])
    with locked(tmp_path / "lock", "table x", "give another", 0) as number:
        assert number is not None
        with pytest.raises(MultibackendError) as caught, locked(tmp_path / "lock", "table x", "give another", 0):
            pass
    said = str(caught.value)
    assert said.startswith(f"table x: in use by process {os.getpid()} on ")
    assert said.endswith("; wait for its end, or give another.")
    assert said.isprintable()
    with locked(tmp_path / "lock", "table x", "give another", 0):
        pass


@pytest.mark.parametrize("make_odd", [os.mkfifo, lambda path: os.link(path.with_name("foreign"), path)])
def test_words_are_written_into_no_other_file(make_odd: object, tmp_path: Path) -> None:
    (tmp_path / "foreign").write_text("foreign")
    make_odd(tmp_path / "lock")  # type: ignore[operator]
    with pytest.raises(MultibackendError, match="no plain file"), locked(tmp_path / "lock", "x", "give another", 0):
        pass
    assert (tmp_path / "foreign").read_text() == "foreign"

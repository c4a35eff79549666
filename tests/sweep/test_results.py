"""A sweep's parts on disk: what is loaded is what was saved, and half a part is never believed."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import numpy as np
import pytest

from multibackend import MultibackendError
from multibackend.sweep.results import Outcome, load_parts, save_part

FILES = ("part-000.json", "part-000.safetensors")


def saved(folder: Path, outcomes: list[Outcome]) -> Path:
    save_part(folder, 0, outcomes[:4])
    save_part(folder, 1, outcomes[4:])
    return folder


def test_outcomes_come_back_as_they_were(tmp_path: Path, outcomes: list[Outcome]) -> None:
    raised = Outcome("a case", "torch", "float32", error="ValueError: é", seconds=0.5)
    loaded = load_parts(saved(tmp_path / "new", [*outcomes, raised]))
    assert len(loaded) == len(outcomes) + 1
    assert loaded[-1] == raised
    for before, after in zip(outcomes, loaded, strict=False):
        assert (after.case, after.backend, after.precision, after.dtypes) == (
            before.case, before.backend, before.precision, before.dtypes,
        )  # fmt: skip
        for kind in ("arrays", "moved"):
            assert getattr(after, kind).keys() == getattr(before, kind).keys()
            assert all(np.array_equal(getattr(after, kind)[key], a) for key, a in getattr(before, kind).items())


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(tmp_path: Path, outcomes: list[Outcome], name: str, share: float) -> None:
    path = saved(tmp_path, outcomes) / name
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(MultibackendError, match="sweep again") as refused:
        load_parts(tmp_path)
    assert str(path) in str(refused.value)


def test_a_part_without_its_arrays_is_refused(tmp_path: Path, outcomes: list[Outcome]) -> None:
    (saved(tmp_path, outcomes) / FILES[1]).unlink()
    with pytest.raises(MultibackendError, match="sweep again"):
        load_parts(tmp_path)


@pytest.mark.parametrize(
    "text",
    ["[]", '{"outcomes": []}', '{"schema_version": 2, "outcomes": []}', '{"schema_version": 1, "outcomes": [{}]}'],
)
def test_a_foreign_file_is_refused(tmp_path: Path, outcomes: list[Outcome], text: str) -> None:
    (saved(tmp_path, outcomes) / FILES[0]).write_text(text, encoding="utf-8")
    with pytest.raises(MultibackendError, match="sweep again"):
        load_parts(tmp_path)


def test_a_part_whose_writing_was_cut_short_is_no_part(
    tmp_path: Path, outcomes: list[Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fills while the JSON file is written, after the arrays."""
    save_part(tmp_path, 0, outcomes[:2])
    calls = itertools.count(1)

    def fill(_: int) -> None:
        if next(calls) == 3:  # after those of the arrays and of their folder
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fill)
    with pytest.raises(MultibackendError, match="No space left"):
        save_part(tmp_path, 1, outcomes[2:])
    assert [outcome.case for outcome in load_parts(tmp_path)] == [outcome.case for outcome in outcomes[:2]]
    assert sorted(path.name for path in tmp_path.iterdir()) == [*FILES, "part-001.safetensors"]

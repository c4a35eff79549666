"""Known divergences of the sweep: they excuse what they describe and no more, and are stale once it is gone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from altered import alter

from multibackend import BACKENDS, MultibackendError
from multibackend.sweep.case import Case
from multibackend.sweep.cases import CASES
from multibackend.sweep.judge import judge_all
from multibackend.sweep.known import Group, Known, apply_known, find_stale, group, load_known, matches_whole
from multibackend.sweep.results import Outcome

ENTRY = """
[[divergence]]
id = "torch-dense"
title = "Dense on torch"
keras = ">=3.15,<3.16"
upstream = ""
reproduction = "docs/known-divergences.md#dense"
shows = [
    { cases = "layers.Dense(*", stage = "forward", kind = "value", precisions = ["float64"], backends = ["torch"], size = 1e-3 },
]
"""  # noqa: E501


@pytest.fixture
def entries(tmp_path: Path) -> tuple[Known, ...]:
    path = tmp_path / "known.toml"
    path.write_text(ENTRY, encoding="utf-8")
    return load_known(path)


def findings(
    case: Case, outcomes: list[Outcome], backend: str, relative: float, precision: str = "float64"
) -> list[Group]:
    values = next(o.arrays["forward/0"] for o in outcomes if (o.backend, o.precision) == (backend, precision))
    off = (values * (1 + relative)).astype(precision)
    altered = alter(outcomes, backend, precision, arrays={"forward/0": off})
    return group(judge_all([case], altered, BACKENDS, ("float64", "float32")))


def test_what_an_entry_describes_is_known(case: Case, outcomes: list[Outcome], entries: tuple[Known, ...]) -> None:
    (one,) = apply_known(findings(case, outcomes, "torch", 1e-3), entries, "3.15.1")
    assert one.known == "torch-dense"


@pytest.mark.parametrize(
    ("backend", "relative", "precision", "keras"),
    [
        ("torch", 2e-2, "float64", "3.15.1"),  # too large
        ("jax", 1e-3, "float64", "3.15.1"),  # another backend
        ("torch", 1e-3, "float32", "3.15.1"),  # another precision
        ("torch", 1e-3, "float64", "3.16.0"),  # another Keras
    ],
)
def test_what_it_does_not_describe_is_new(
    case: Case,
    outcomes: list[Outcome],
    entries: tuple[Known, ...],
    backend: str,
    relative: float,
    precision: str,
    keras: str,
) -> None:
    groups = findings(case, outcomes, backend, relative, precision)
    assert groups
    assert all(not one.known for one in apply_known(groups, entries, keras))


def test_a_row_that_no_longer_occurs_is_stale(case: Case, outcomes: list[Outcome], entries: tuple[Known, ...]) -> None:
    ran, precisions = [case], ["float64", "float32"]
    seen = findings(case, outcomes, "torch", 1e-3)
    assert find_stale(seen, entries, "3.15.1", ran, ran, BACKENDS, precisions) == []
    stale = find_stale([], entries, "3.15.1", ran, ran, BACKENDS, precisions)
    assert len(stale) == 1
    assert "torch-dense no longer occurs" in stale[0]


def test_what_is_erratic_is_excused_however_it_shows(case: Case, outcomes: list[Outcome], tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    path.write_text(ENTRY.replace('kind = "value"', 'kind = "any"'), encoding="utf-8")
    entries = load_known(path)
    raising = group(judge_all([case], alter(outcomes, "torch", "float64", error="died"), BACKENDS, ["float64"]))
    assert [one.known for one in apply_known(raising, entries, "3.15.1")] == ["torch-dense"]
    other = group(judge_all([case], alter(outcomes, "jax", "float64", error="died"), BACKENDS, ["float64"]))
    assert [one.known for one in apply_known(other, entries, "3.15.1")] == [""]


def test_nothing_is_stale_that_was_not_looked_for(case: Case, entries: tuple[Known, ...]) -> None:
    other = Case("layers.Dense", {"units": 4})
    for keras, ran, backends, precisions in (
        ("3.16.0", [case], BACKENDS, ["float64"]),
        ("3.15.1", [other], BACKENDS, ["float64"]),
        ("3.15.1", [case], ("jax", "torch"), ["float64"]),
        ("3.15.1", [case], BACKENDS, ["float32"]),
    ):
        assert find_stale([], entries, keras, ran, [case, other], backends, precisions) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("title", "tilte"), r"unknown field `tilte` - at `\$.divergence\[0\]`"),
        (('upstream = ""', ""), "missing required field `upstream`"),
        (("size = 1e-3", 'size = "large"'), r"got `str` - at `\$.divergence\[0\].shows\[0\].size`"),
        (('kind = "value"', 'kind = "worth"'), "kind holds 'worth'"),
        (('"float64"', '"float63"'), "Invalid enum value 'float63'"),
        (('">=3.15,<3.16"', '"three"'), "expected a range"),
        (('backends = ["torch"]', 'backends = ["mxnet"]'), "backends holds 'mxnet'"),
    ],
)
def test_a_faulty_file_is_refused_by_name(tmp_path: Path, change: tuple[str, str], words: str) -> None:
    path = tmp_path / "known.toml"
    path.write_text(ENTRY.replace(*change), encoding="utf-8")
    with pytest.raises(MultibackendError, match=words):
        load_known(path)


def test_every_entry_of_ours_has_a_section_a_script_and_cases() -> None:
    root = Path(__file__).parents[2]
    names = [str(case) for case in CASES]
    for entry in load_known():
        page, _, anchor = entry.reproduction.partition("#")
        headings = [line for line in (root / page).read_text(encoding="utf-8").splitlines() if line.startswith("##")]
        anchors = [
            "".join(c for c in h.lstrip("# ").lower().replace(" ", "-") if c.isalnum() or c in "-_") for h in headings
        ]
        assert anchor in anchors, entry.id
        assert entry.shows, entry.id
        for show in entry.shows:
            assert any(matches_whole(name, show.cases) for name in names), (entry.id, show.cases)


def test_reproductions_are_short() -> None:
    for path in (Path(__file__).parents[2] / "docs" / "upstream").glob("*.py"):
        code = path.read_text(encoding="utf-8").partition('"""\n\n')[2]
        assert 1 <= len([line for line in code.splitlines() if line.strip()]) <= 15, path


def test_values_of_zero_size_are_judged(case: Case, outcomes: list[Outcome]) -> None:
    zero = alter(outcomes, "torch", "float64", arrays={"forward/0": np.zeros((4, 3))})
    (one,) = group(judge_all([case], zero, BACKENDS, ["float64"]))
    assert one.first.measured == pytest.approx(1.0)

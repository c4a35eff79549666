"""Altered records, through `multibackend compare`: none is passed over, none ends in a traceback or hangs.

One of each kind and every seventh of the others; `table.py` tries all.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from alterations.corpus import ONE, Alteration, list_alterations
from alterations.records import find_folders, write_healthy
from alterations.trial import try_alteration

from multibackend.records.record import RECORD_FILE

EVERY = 7


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("healthy")
    write_healthy(folder)
    return folder


@pytest.fixture(scope="module")
def corpus(healthy: Path) -> list[Alteration]:
    header = json.loads((find_folders(healthy, ONE)[0] / RECORD_FILE).read_text())
    return list_alterations(header)


def test_healthy_records_pass_with_nothing_said(healthy: Path, tmp_path: Path) -> None:
    nothing = Alteration("none", "none", lambda _: None, "harmless")
    assert try_alteration(nothing, healthy, tmp_path, figures=True).end == "passed"


def test_the_corpus_has_hundreds_of_alterations_of_many_kinds(corpus: list[Alteration]) -> None:
    assert len(corpus) >= 300
    assert len({one.kind for one in corpus}) >= 20


def test_no_alteration_passes_silently_crashes_or_hangs(
    corpus: list[Alteration], healthy: Path, tmp_path: Path
) -> None:
    first = {one.kind: one for one in reversed(corpus)}
    chosen = [one for i, one in enumerate(corpus) if i % EVERY == 0 or first[one.kind] is one]
    trials = {one: try_alteration(one, healthy, tmp_path) for one in chosen}
    wrong = {f"{one.kind}: {one.name}": trial for one, trial in trials.items() if not trial.fits(one.expected)}
    assert not wrong
    lines = [trial.said for trial in trials.values() if trial.end == "refused"]
    assert all("\n" not in line and line.startswith("multibackend: error: ") and len(line) < 1000 for line in lines)


def test_a_figure_is_drawn_of_what_can_be_drawn(corpus: list[Alteration], healthy: Path, tmp_path: Path) -> None:
    chosen = [one for one in corpus if one.name in ("losses a single number, on all sides", "losses NaN, on all sides")]
    assert len(chosen) == 2
    assert {try_alteration(one, healthy, tmp_path, figures=True).end for one in chosen} == {"failed"}

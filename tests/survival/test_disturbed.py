"""Promises: whatever happens at a write or a message, a run ends, is not believed by halves, and can be given again."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path

import pytest
from injuries import INJURIES, Injury
from judges import Reference
from plays import PLAYS, Theatre
from points import Point, find_points
from trials import MISSED, attempt, prepare

PARTS_OF_ALL = 40
"""Tests that the trials of a play are dealt to, for several processes to share them; a sample is one test."""

SAMPLED = ("train", "compare")
OF_SAMPLE = ("killed", "orphaned", "stopped", "late", "full disk", "broken disk", "cut", "lost")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "part" in metafunc.fixturenames:
        every = metafunc.config.getoption("--every-point", default=False)
        plays, parts = (tuple(PLAYS), PARTS_OF_ALL) if every else (SAMPLED, 1)
        metafunc.parametrize(
            "name, part, parts",
            [
                pytest.param(name, part, parts, marks=pytest.mark.xdist_group(name))  # one process traces it for all
                for name in plays
                for part in range(parts)
            ],
        )


@pytest.fixture(scope="session")
def prepared(theatre: Theatre, tmp_path_factory: pytest.TempPathFactory):
    """A function from a play's name to what it leaves undisturbed, and its points; each play is traced once."""

    @functools.cache
    def prepare_play(name: str) -> tuple[Reference, list[Point]]:
        folder = tmp_path_factory.mktemp(name)
        reference = prepare(theatre, PLAYS[name], folder)
        return reference, find_points(theatre, PLAYS[name], reference.base, folder / "points")

    return prepare_play


def list_trials(points: Iterable[Point]) -> list[tuple[Point, Injury]]:
    """All that can happen at each point."""
    return [(point, injury) for point in points for injury in INJURIES.values() if injury.can_happen(point)]


def choose_sample(points: Iterable[Point]) -> list[tuple[Point, Injury]]:
    """A part of them: each injury to each sort of call, and each kind of point at least once."""
    seen: set[object] = set()
    chosen: list[tuple[Point, Injury]] = []
    trials = [(point, injury) for point, injury in list_trials(points) if injury.name in OF_SAMPLE]
    for new in (3, 2, 1):  # first what is new in all three ways, so that few trials show much
        for point, injury in trials:
            aspects = {(point.effect, injury.name), point.kind, ("an injury", injury.name, point.role)}
            if len(aspects - seen) == new and aspects - seen != {("an injury", injury.name, point.role)}:
                chosen.append((point, injury))
                seen |= aspects
    return chosen


@pytest.mark.timeout(3600)
def test_a_disturbed_run_ends_and_the_next_is_as_if_nothing_had_been(
    name: str, part: int, parts: int, theatre: Theatre, prepared, tmp_path: Path, request: pytest.FixtureRequest,
    record_property,
) -> None:  # fmt: skip
    reference, points = prepared(name)
    every = request.config.getoption("--every-point", default=False)
    trials = (list_trials if every else choose_sample)(points)
    faults, tally = [], []
    for number, (point, injury) in enumerate(trials[part::parts]):
        scratch = tmp_path / str(number)
        trial = attempt(theatre, PLAYS[name], reference, point, injury, scratch)
        tally.append((name, str(point), injury.name, trial.ended))
        faults += [f"{name}: {point}: {injury.name}: {trial.ended}: {fault}" for fault in trial.faults]
    record_property("ended", tally)
    assert not faults, "\n".join(faults)
    missed = [point for _, point, _, ended in tally if ended == MISSED]
    assert len(missed) <= 1 + len(tally) // 10, missed


@pytest.mark.xdist_group("train")
def test_the_trace_shows_files_of_every_process_and_messages(prepared) -> None:
    _, points = prepared("train")
    # A command, the probe of an interpreter, a worker's keeper, and the worker.
    assert {point.role for point in points} == {"command", "jax 1", "jax 2", "jax 3"}
    assert {point.role for point in points if point.is_message} >= {"jax 1", "jax 3"}
    written = {point.subject for point in points if not point.is_message}
    assert {"logs/jax.log", "records/first/jax-float32", "records/second/jax-float32"} <= written

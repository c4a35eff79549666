"""Each exercise's check takes the reference for right, gives an untouched starter nothing, and finds mistakes."""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path

import pytest

from multibackend.course.exercise import exercises
from multibackend.course.starter import make_starter
from multibackend.course.words import LANGUAGES, read_figures

EXERCISES = exercises()
WRONG = {
    id: answers
    for path in sorted((Path(__file__).parent / "wrong_answers").glob("*.toml"))
    for id, answers in tomllib.loads(path.read_text(encoding="utf-8")).items()
}
PLANTED = [pytest.param(id, wrong, id=f"{id}-{i}") for id in WRONG for i, wrong in enumerate(WRONG[id])]


def explain(result):
    return [(v.point.name, v.reason, v.expected, v.got, v.line) for v in result.verdicts if v.reason != "met"]


@pytest.mark.parametrize("id", EXERCISES)
def test_the_reference_has_all_marks(id, examine):
    result = examine(id, EXERCISES[id].source)
    assert result.passed, explain(result)
    assert result.marks == result.most > 0


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("id", EXERCISES)
def test_an_untouched_starter_has_none(id, language, examine):
    result = examine(id, make_starter(EXERCISES[id], language))
    assert result.marks == 0
    assert {verdict.reason for verdict in result.verdicts} == {"not written"}, explain(result)


@pytest.mark.parametrize(("id", "wrong"), PLANTED)
def test_a_wrong_answer_loses_its_points(id, wrong, examine):
    source = EXERCISES[id].source
    assert source.count(wrong["change"]) == 1
    result = examine(id, source.replace(wrong["change"], wrong["to"]))
    assert [v.point.name for v in result.verdicts if v.reason != "met"] == wrong["loses"], explain(result)


@pytest.mark.parametrize("id", EXERCISES)
def test_there_are_two_wrong_answers_at_least(id):
    assert len(WRONG[id]) >= 2


@pytest.mark.parametrize("id", [id for id, exercise in EXERCISES.items() if exercise.kind == "concept"])
def test_the_figures_that_an_answer_quotes_are_computed(id):
    quoted = read_figures(EXERCISES[id].words_path)
    assert quoted
    computed = importlib.import_module(EXERCISES[id].module).figures()
    for name, text in quoted.items():
        digits = len(text.partition(".")[2])
        assert f"{computed[name]:.{digits}f}" == text, name

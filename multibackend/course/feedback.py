"""Feedback: what a student is told of each point: met, or what was expected, what was got, and what to try next."""

from __future__ import annotations

from collections.abc import Iterator

from multibackend.course.examination import Result, Verdict
from multibackend.course.limits import Limits
from multibackend.course.words import Language, Words, messages

MET, UNMET = "✓", "✗"


def explain(result: Result, words: Words, language: Language, limits: Limits) -> Iterator[str]:
    """A line for each point, with what was wrong below it, and the marks at the end."""
    said = messages(language)
    for verdict in result.verdicts:
        sign = MET if verdict.reason == "met" else UNMET
        yield f"  {sign} {verdict.marks}/{verdict.point.marks}  {words.points[verdict.point.name].asks}"
        yield from (f"         {line}" for line in _explain(verdict, words, language, limits))
    yield "  " + said["marks"].format(marks=result.marks, most=result.most)


def _explain(verdict: Verdict, words: Words, language: Language, limits: Limits) -> Iterator[str]:
    said = messages(language)
    where = f" ({said['line'].format(line=verdict.line)})" if verdict.line else ""
    match verdict.reason:
        case "met":
            return
        case "wrong":
            if verdict.expected:
                yield f"{said['expected']}: {verdict.expected}"
            yield f"{said['got']}: {verdict.got}"
        case "missing":
            yield said["missing"].format(name=verdict.got)
        case "raised":
            yield said["raised"].format(error=verdict.got) + where
        case "not loaded":
            yield said["not_loaded"].format(error=verdict.got) + where
        case "time":
            yield said["time"].format(seconds=f"{limits.seconds:g}")
        case "not written" | "ended" | "not run":
            yield said[verdict.reason.replace(" ", "_")] + where
    if verdict.reason in ("wrong", "raised"):
        advice = words.advice.get(verdict.advice, words.points[verdict.point.name].advice)
        yield f"{said['try']}: {advice}"

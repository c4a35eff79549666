"""Feedback: what a student is told about each point: met, or what was expected, what was got, and what to try next.

Text from a submission (exceptions, names, values) has no effect in a terminal or a page, and stays on its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from multibackend.course.grading import Outcome
from multibackend.course.limits import Limits
from multibackend.course.verdict import Result, Verdict
from multibackend.course.words import Language, Words, messages
from multibackend.files.writing import made_folder, write_within
from multibackend.text import sanitize

MET, UNMET = "✓", "✗"

LAST_LINE = 1_000_000
"""The last line that is shown; no student's file has more."""


def explain(result: Result, words: Words, language: Language, limits: Limits) -> Iterator[str]:
    """List the lines of feedback: one for each point, with what was wrong below it, and the marks at the end."""
    said = messages(language)
    for verdict in result.verdicts:
        sign = MET if verdict.reason == "met" else UNMET
        yield f"  {sign} {verdict.marks}/{verdict.point.marks}  {words.points[verdict.point.name].asks}"
        yield from (f"         {line}" for line in _explain(verdict, words, language, limits))
    yield "  " + said["marks"].format(marks=result.marks, most=result.most)


def _explain(verdict: Verdict, words: Words, language: Language, limits: Limits) -> Iterator[str]:
    said = messages(language)
    got, expected = sanitize(verdict.got), sanitize(verdict.expected)
    where = f" ({said['line'].format(line=verdict.line)})" if 0 < verdict.line <= LAST_LINE else ""
    match verdict.reason:
        case "met":
            return
        case "wrong":
            if expected:
                yield f"{said['expected']}: {expected}"
            yield f"{said['got']}: {got}"
        case "missing":
            yield said["missing"].format(name=got)
        case "raised":
            yield said["raised"].format(error=got) + where
        case "not loaded":
            yield said["not_loaded"].format(error=got) + where
        case "time":
            yield said["time"].format(seconds=f"{limits.seconds:g}")
        case "not written" | "ended" | "not run":
            yield said[verdict.reason.replace(" ", "_")] + where
    if verdict.reason in ("wrong", "raised"):
        advice = words.advice.get(verdict.advice, words.points[verdict.point.name].advice)
        yield f"{said['try']}: {advice}"


def explain_status(status: str, file: str, language: Language) -> str:
    """Tell a student why a file isn't graded."""
    return messages(language)[f"submission_{status.replace(' ', '_')}"].format(file=file)


def make_page(outcome: Outcome, language: Language, limits: Limits) -> str:
    """Make a page in Markdown that shows its lines as they are: no line can end the block that holds them."""
    exercise, status = outcome.job.exercise, outcome.job.status
    words = exercise.words(language)
    if outcome.job.source is None:
        lines = [explain_status(status, exercise.filename, language)]
    else:
        lines = list(explain(outcome.result, words, language, limits))
    text = "\n".join(lines)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"# {exercise.id}. {words.title} ({outcome.job.backend})\n\n{fence}\n{text}\n{fence}\n"


def write_feedback(feedback: int, student: str, name: str, page: str) -> None:
    """Write a page in a student's folder within the open folder `feedback`.

    Raises:
        OSError: it can't be written, or a link is in the folder's place.
    """
    with made_folder(student, within=feedback) as folder:
        write_within(folder, name, page.encode())

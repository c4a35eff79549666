"""`multibackend grade`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from multibackend.cli.course_options import BACKEND_OPTION, LANGUAGE_OPTION
from multibackend.cli.options import PYTHON_OPTION
from multibackend.cli.output import say
from multibackend.course.names import shown
from multibackend.course.words import Language, messages
from multibackend.text import sanitize

if TYPE_CHECKING:
    from multibackend.course.classroom import Classroom
    from multibackend.course.gradebook import Gradebook
    from multibackend.course.graders import Graders
    from multibackend.course.grades import Grade
    from multibackend.course.grading import Job, Outcome

NAME_CHARACTERS = 80
"""Characters of a student's name that are shown in a line."""

NAMED = 10
"""The most names in a line about what is left out; the line gives the number of the others."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), default=Path("grades.csv"), show_default=True
)
@click.option(
    "--exercise",
    "ids",
    multiple=True,
    metavar="ID",
    help="Demand this exercise of every student; repeat for each.  [default: whatever was handed in]",
)
@BACKEND_OPTION
@click.option("--jobs", type=click.IntRange(min=1), help="Submissions graded at once.  [default: one a core]")
@click.option("--without-isolation", is_flag=True, help="Grade even where submissions can't be kept from your files.")
@LANGUAGE_OPTION
@PYTHON_OPTION
def grade(
    folder: Path,
    output: Path,
    ids: tuple[str, ...],
    backend: str | None,
    jobs: int | None,
    without_isolation: bool,
    language: Language,
    pythons: dict[str, str],
) -> None:
    """Grade a class: FOLDER holds a folder for each student, with files such as a1_dense_layer.py.

    Writes a table of marks and, in `feedback/` beside it, a page for each submission. Each submission runs in a process
    of its own, without a network and with limits to its time and memory. It sees neither your files nor the solutions.
    Where the system can't do that, nothing is run. A second run goes on where the first one ended. Exits with 1 if
    something could not be judged or written; it is named, and another run tries it again.
    """
    from multibackend.course.classroom import read_classroom
    from multibackend.course.exercise import exercises, find
    from multibackend.course.gradebook import opened_gradebook
    from multibackend.course.graders import Graders
    from multibackend.course.grading import make_jobs
    from multibackend.course.limits import Limits
    from multibackend.launch.choosing import choose

    ready = choose(backend, pythons)
    chosen = list(dict.fromkeys(find(id) for id in ids)) or list(exercises().values())
    pythons = {interpreter.backend: interpreter.python for interpreter in ready}
    graders = Graders(pythons, jobs or os.cpu_count() or 1, Limits(), not without_isolation)
    classroom = read_classroom(folder, chosen, bool(ids))
    _name_left_out(classroom, folder, output, language)
    with opened_gradebook(output) as book:
        _name("altered", [f"{_show(row.student)} {row.exercise} {row.backend}" for row in book.altered()], language)
        wanted = make_jobs(classroom.entries, list(pythons))
        left = [job for job in wanted if not job.is_graded(book.grades)]
        faults = _grade(left, len(wanted), graders, book, language)
    said = messages(language)
    click.echo(said["graded"].format(all=len(wanted), before=len(wanted) - len(left), file=shown(output)))
    if faults:
        say(said["not_judged"].format(number=faults))
        sys.exit(1)


def _grade(left: Sequence[Job], wanted: int, graders: Graders, book: Gradebook, language: Language) -> int:
    """Do the jobs that are left, and report each. Return the number of jobs that another run must try again."""
    from multibackend.course.feedback import make_page
    from multibackend.course.isolation import NoIsolation
    from multibackend.course.limits import Limits

    limits, folders, before = Limits(), book.folder_names(job.student for job in left), dict(book.grades)
    first, done, faults = wanted - len(left), wanted - len(left), 0
    try:
        with closing(graders.grade(left)) as outcomes:
            for found in outcomes:
                page = partial(make_page, found, language, limits)
                outcome = book.take(found, page, folders[found.job.student])
                done, faults = done + 1, faults + bool(outcome.fault)
                _say_outcome(outcome, before.get(outcome.job.key), done, wanted, language)
    except NoIsolation as error:
        what = "Nothing" if done == first else "Nothing more"
        raise NoIsolation(f"{error} {what} was run; --without-isolation runs submissions that you trust.") from error
    return faults


def _say_outcome(outcome: Outcome, before: Grade | None, done: int, wanted: int, language: Language) -> None:
    said, job, marks, most = messages(language), outcome.job, outcome.result.marks, outcome.result.most
    names = {"student": _show(job.student), "id": job.exercise.id, "backend": job.backend}
    row = said["row"].format(**names, marks=marks, most=most, done=done, all=wanted)
    remarks = [row]
    if job.status != "graded":
        remarks.append(said[f"status_{job.status.replace(' ', '_')}"])
    if before and before.marks != marks:
        remarks.append(said["before"].format(marks=before.marks, most=before.most))
    if outcome.fault:
        remarks.append(said["again"].format(fault=sanitize(outcome.fault)))
    say("; ".join(remarks))


def _name_left_out(classroom: Classroom, folder: Path, output: Path, language: Language) -> None:
    """Name what stands for no submission in a class's folder, in a line for each reason."""
    from multibackend.course.classroom import FEEDBACK

    ours = (output.name, FEEDBACK) if output.parent.resolve() == folder.resolve() else ()
    for reason in dict.fromkeys(one.reason for one in classroom.left_out):
        names = [_show(name) for name in classroom.left_out_as(reason) if name not in ours]
        _name(f"left_out_{reason}", names, language)


def _show(student: str) -> str:
    return shown(student, NAME_CHARACTERS)


def _name(what: str, names: Sequence[str], language: Language) -> None:
    """Print a line about some names, if there are any; of many names, the first ones."""
    said = messages(language)
    if names:
        more = [said["and_more"].format(number=len(names) - NAMED)] if len(names) > NAMED else []
        say(f"{said[what]}: {', '.join([*names[:NAMED], *more])}")

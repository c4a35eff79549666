"""`multibackend grade`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from multibackend.cli.options import BACKEND_OPTION, LANGUAGE_OPTION, PYTHON_OPTION
from multibackend.cli.output import say
from multibackend.course.words import Language


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
@click.option("--jobs", type=click.IntRange(min=1), help="Beside one another.  [default: one a core]")
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

    Writes a table of marks, and for each submission what the student is told, in `feedback/` beside it. Each submission
    runs in a process of its own without a network, which sees neither your files nor the solutions, and is bound in
    time and memory. Where the system can't do that, nothing is run. A second run goes on where the first ended.
    """
    from multibackend.course.exercise import exercises, find
    from multibackend.course.grades import read_grades, write_grades
    from multibackend.course.grading import Graders, find_jobs, write_feedback
    from multibackend.course.isolation import NoIsolation
    from multibackend.course.limits import Limits
    from multibackend.interpreters import choose

    ready = choose(backend, pythons)
    feedback = output.parent / "feedback"
    chosen = [find(id) for id in ids] or list(exercises().values())
    wanted = find_jobs(folder, chosen, bool(ids), [interpreter.backend for interpreter in ready])
    wanted = [job for job in wanted if folder / job.student != feedback]
    earlier = read_grades(output)
    grades = {job.key: earlier[job.key] for job in wanted if job.is_graded(earlier)}
    left = [job for job in wanted if job.key not in grades]
    limits = Limits()
    graders = Graders({i.backend: i.python for i in ready}, jobs or os.cpu_count() or 1, limits, not without_isolation)
    try:
        for job, result in graders.grade(left):
            write_feedback(feedback, job, result, language, limits)
            grades[job.key] = job.grade(result)
            write_grades(output, [grades[job.key] for job in wanted if job.key in grades])
            count = f"{len(grades)} of {len(wanted)}"
            say(f"{job.student}, {job.exercise.id} on {job.backend}: {result.marks}/{result.most} ({count})")
    except NoIsolation as error:
        raise NoIsolation(f"{error} Nothing was run; --without-isolation runs submissions that you trust.") from error
    write_grades(output, [grades[job.key] for job in wanted])
    click.echo(f"{len(wanted)} graded, {len(wanted) - len(left)} of them before; {output}")

"""`multibackend start`, `hint`, `solution`, `reset` and `progress`: show and keep a student's work."""

from __future__ import annotations

from pathlib import Path

import click

from multibackend.cli.course_options import EXERCISE_ARGUMENT, FOLDER_OPTION, LANGUAGE_OPTION
from multibackend.course.words import Language, messages


@click.command()
@EXERCISE_ARGUMENT
@FOLDER_OPTION
@LANGUAGE_OPTION
def start(id: str, folder: Path, language: Language) -> None:
    """Write the file of an exercise, such as A3, for you to fill in."""
    from multibackend.course.exercise import find
    from multibackend.course.starter import make_starter
    from multibackend.course.workbook import Workbook

    exercise = find(id)
    path = Workbook(folder).start(exercise, make_starter(exercise, language))
    words, said = exercise.words(language), messages(language)
    click.echo(f"{exercise.id}. {words.title}\n\n{words.statement}\n")
    click.echo(said["started"].format(file=path, id=exercise.id))


@click.command()
@EXERCISE_ARGUMENT
@FOLDER_OPTION
@LANGUAGE_OPTION
def hint(id: str, folder: Path, language: Language) -> None:
    """Give the next of an exercise's hints; the last one nearly gives the solution."""
    from multibackend.course.exercise import find
    from multibackend.course.workbook import Workbook

    exercise = find(id)
    hints = exercise.words(language).hints
    taken = Workbook(folder).take_hint(exercise, hints)
    if taken is None:
        for number, text in enumerate(hints, 1):
            click.echo(f"{number}/{len(hints)}  {text}")
        click.echo(messages(language)["no_more_hints"].format(id=exercise.id))
        return
    click.echo(f"{taken.number}/{len(hints)}  {taken.text}")


@click.command()
@EXERCISE_ARGUMENT
@LANGUAGE_OPTION
def solution(id: str, language: Language) -> None:
    """Show a solution of an exercise, and its answer where it asks a question."""
    from multibackend.course.exercise import find
    from multibackend.course.starter import make_solution

    click.echo(make_solution(find(id), language), nl=False)


@click.command()
@click.argument("id", metavar="[EXERCISE]", required=False)
@click.option("--all", "everything", is_flag=True, help="Reset all exercises that were started, and the progress.")
@FOLDER_OPTION
@LANGUAGE_OPTION
def reset(id: str | None, everything: bool, folder: Path, language: Language) -> None:
    """Start an exercise anew; what you wrote is kept beside it, under another name."""
    from multibackend.course.exercise import exercises, find
    from multibackend.course.starter import make_starter
    from multibackend.course.workbook import Workbook

    if (id is None) != everything:
        raise click.UsageError("expected an exercise, such as A3, or --all.")
    workbook = Workbook(folder)
    chosen = [find(id)] if id else [one for one in exercises().values() if workbook.file(one).exists()]
    for exercise in chosen:
        kept = workbook.reset(exercise, make_starter(exercise, language))
        said = messages(language)["reset"].format(file=workbook.file(exercise))
        click.echo(said + (f" ({messages(language)['kept'].format(file=kept)})" if kept else ""))
    if everything:
        workbook.forget()


@click.command()
@FOLDER_OPTION
@LANGUAGE_OPTION
def progress(folder: Path, language: Language) -> None:
    """Show all exercises, and your progress in each."""
    from multibackend.course.exercise import exercises
    from multibackend.course.workbook import Progress, Workbook

    workbook = Workbook(folder)
    reached = workbook.progress()
    for id, exercise in exercises().items():
        entry = reached.get(id, Progress())
        marks = f"{entry.marks}/{entry.most}" if entry.most else ("…" if workbook.file(exercise).exists() else "")
        sign = "✓" if entry.solved else " "
        backends = ", ".join(entry.solved)
        click.echo(
            f"{sign} {id:<4}{marks:>6}  {exercise.words(language).title}" + (f"  ({backends})" if backends else "")
        )
    done = sum(bool(entry.solved) for entry in reached.values())
    click.echo(messages(language)["progress"].format(done=done, all=len(exercises())))

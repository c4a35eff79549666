"""Make what is generated here: the notebooks, and the table of the course, `course.md`.

    python docs/make.py            # both; the table needs every backend (MULTIBACKEND_PYTHON)
    python docs/make.py notebooks  # the notebooks alone, which need no backend

`nox -s course` builds the backends' environments and runs it. Exits with 1 if an exercise isn't in order on a backend.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from multibackend import BACKENDS
from multibackend.course.examination import Examiner
from multibackend.course.exercise import Exercise, list_exercises
from multibackend.course.limits import Limits
from multibackend.course.notebooks import write_notebooks
from multibackend.course.starter import make_starter
from multibackend.course.verdict import Result, Submission
from multibackend.launch.choosing import name_pythons, require
from multibackend_course import COURSE

DOCS = Path(__file__).resolve().parent

EXERCISES = {exercise.id: exercise for exercise in list_exercises(COURSE)}

INTRODUCTION = """\
# The course

Fifty exercises in five units, in English and French, each checked on every backend. `nox -s course` makes this page: it
runs the reference solution and the untouched starter of each exercise on each backend. ✓ says that the solution has all
marks and the starter has none. *train* rows are experiments, and take part in `multibackend parity`. *concept* rows are
questions with a written answer, whose figures are computed. The last column lists what the checks ask of a submission.
Further facts, planted wrong answers and all trainings are tested in `tests/exercises/` and `parity_tests/`.

    multibackend start A1          # writes a1_dense_layer.py, for you to fill in
    multibackend check A1          # shows what is right, what isn't, and what to try
    multibackend hint A1           # three hints; the last one nearly gives the solution
    multibackend watch A1          # checks again whenever you save
    multibackend solution A1
    multibackend progress
    multibackend grade CLASS       # for teachers: CLASS holds a folder for each student

[Notebooks](notebooks/) of each unit, for students and with solutions, in both languages.

The course is a package of its own, `multibackend_course`, in [exercises/](../exercises). Courses of others plug in the
same way: [your own course](your-own-course.md).
"""


def main(what: list[str]) -> int:
    """Make what is asked for; return the exit code."""
    for path in write_notebooks(DOCS / "notebooks", EXERCISES.values()):
        print(f"changed: {path}")
    if what == ["notebooks"]:
        return 0
    with ThreadPoolExecutor(len(BACKENDS)) as pool:
        verdicts = dict(zip(BACKENDS, pool.map(_examine, BACKENDS), strict=True))
    (DOCS / "course.md").write_text("\n".join(_table(verdicts)) + "\n", encoding="utf-8")
    wrong = [f"{id} on {backend}" for backend, by_id in verdicts.items() for id, good in by_id.items() if not good]
    print(f"course.md: {len(EXERCISES)} exercises; not in order: {', '.join(wrong) or 'none'}")
    return int(bool(wrong))


def _examine(backend: str) -> dict[str, bool]:
    """Tell of each exercise on a backend whether its reference has all marks and its starter none."""
    (interpreter,) = require({backend: name_pythons(())[backend]})
    with Examiner(backend, interpreter.python) as examiner:

        def hand_in(exercise: Exercise, source: str) -> Result:
            submission = Submission(exercise.filename, source)
            return examiner.examine(submission, exercise.points(), Limits(), isolate=False)

        return {
            id: hand_in(exercise, exercise.source).passed and hand_in(exercise, make_starter(exercise, "fr")).marks == 0
            for id, exercise in EXERCISES.items()
        }


def _table(verdicts: Mapping[str, Mapping[str, bool]]) -> Iterator[str]:
    yield INTRODUCTION
    yield f"| id | title | kind | {' | '.join(BACKENDS)} | asked |"
    yield "|---|---|---|" + ":-:|" * len(BACKENDS) + "---|"
    for id, exercise in EXERCISES.items():
        words = exercise.words("en")
        signs = " | ".join("✓" if verdicts[backend][id] else "✗" for backend in BACKENDS)
        asked = "; ".join(words.points[point.name].asks for point in exercise.points()).replace("|", "\\|")
        source = f"../exercises/multibackend_course/{exercise.unit}/{exercise.filename}"
        yield f"| [{id}]({source}) | {words.title} | {exercise.kind} | {signs} | {asked} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

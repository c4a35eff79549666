"""The registry: finds the courses that are installed, or that an environment variable names.

A package registers its course in its `pyproject.toml`:

    [project.entry-points."multibackend.catalogues"]
    my-course = "my_course:COURSE"

A course that isn't installed is named in the same words, for a Python that can import it:

    MULTIBACKEND_CATALOGUE=my_course:COURSE PYTHONPATH=folder/of/my_course multibackend list

`launch` asks other Pythons for the same packages without importing anything there, see its PROBE.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from multibackend.errors import MultibackendError
from multibackend.experiments.course import Course
from multibackend.text import sanitize

GROUP = "multibackend.catalogues"
"""The entry points of courses."""

CATALOGUE_VARIABLE = "MULTIBACKEND_CATALOGUE"
"""Names further courses as MODULE:NAME, with spaces between."""

LONGEST_REASON = 200
"""Characters of an exception that are shown where a course can't be imported."""


class BrokenCourse(MultibackendError):
    """A course that can't be used; the others can."""


@dataclass(frozen=True)
class Registry:
    """The courses that can be used, and a line for each that can't."""

    courses: tuple[Course, ...]
    problems: tuple[str, ...]


def list_entries() -> list[EntryPoint]:
    """List where courses are registered: installed ones by name, then those of the environment variable."""
    named = [EntryPoint(value, value, GROUP) for value in os.environ.get(CATALOGUE_VARIABLE, "").split()]
    found: dict[str, EntryPoint] = {}
    for entry in (*sorted(entry_points(group=GROUP), key=lambda entry: entry.name), *named):
        found.setdefault(entry.value, entry)
    return list(found.values())


def list_packages() -> list[str]:
    """List the top-level packages that hold courses, those of broken courses too: their files are hidden as well."""
    return sorted({package_of(entry) for entry in list_entries()})


def package_of(entry: EntryPoint) -> str:
    """Return the top-level package that registers a course."""
    return entry.value.partition(":")[0].partition(".")[0].strip()


def find_folders(package: str) -> list[Path]:
    """Find the folders of a top-level package, without importing it; none where it isn't installed."""
    try:
        specification = find_spec(package)
    except (ImportError, ValueError):
        return []
    locations = specification.submodule_search_locations if specification else None
    return [Path(location) for location in locations or ()]


@cache
def read_registry() -> Registry:
    """Import every registered course, once. A course that can't be used is a problem, and doesn't stop the others.

    Raises:
        MultibackendError: two courses give the same name.
    """
    courses: dict[str, Course] = {}
    problems: list[str] = []
    for entry in list_entries():
        try:
            courses[entry.value] = _load(entry)
        except BrokenCourse as error:
            problems.append(str(error))
    _demand_unique_names(courses)
    return Registry(tuple(courses.values()), tuple(problems))


def known_problems() -> tuple[str, ...]:
    """Return the problems that `read_registry` met in this process; none where nothing has asked for courses."""
    return read_registry().problems if read_registry.cache_info().currsize else ()


def _load(entry: EntryPoint) -> Course:
    where = f"course {sanitize(entry.name)} ({sanitize(entry.value)})"
    cure = f"repair it or uninstall it; see {CATALOGUE_VARIABLE} too, if it is set"
    try:
        course = entry.load()
    except (Exception, SystemExit) as error:  # a course's own code: whatever it raises is its problem alone
        why = sanitize(f"{type(error).__name__}: {error}", LONGEST_REASON)
        raise BrokenCourse(f"{where}: it can't be imported ({why}); {cure}.") from error
    if not isinstance(course, Course):
        raise BrokenCourse(f"{where}: it is a {type(course).__name__}; expected a {Course.__module__}.Course; {cure}.")
    package = package_of(entry)
    if package == "multibackend" or not find_folders(package):
        raise BrokenCourse(
            f"{where}: {package} is no package of its own, so its solutions can't be hidden from submissions; "
            "move the course into a package."
        )
    if foreign := [module for module in _modules(course) if module.partition(".")[0] != package]:
        raise BrokenCourse(f"{where}: it lists the module {sanitize(foreign[0])}; expected modules of {package} only.")
    return course


def _modules(course: Course) -> Iterator[str]:
    yield from (experiment.module for experiment in course.experiments.values())
    yield from (exercise.module for exercise in course.exercises.values())


def _demand_unique_names(courses: dict[str, Course]) -> None:
    """Refuse courses that give the same name: which of them is meant must not depend on their order."""
    _demand_unique("experiment", {value: course.experiments for value, course in courses.items()})
    _demand_unique("exercise", {value: course.exercises for value, course in courses.items()})
    files = {
        value: [f"{exercise.module.rpartition('.')[2]}.py" for exercise in course.exercises.values()]
        for value, course in courses.items()
    }
    _demand_unique("file", files)


def _demand_unique(what: str, names: Mapping[str, Iterable[str]]) -> None:
    """Refuse a name that two courses give, in whatever case; `names` holds each course's own."""
    giver: dict[str, str] = {}
    for value, given in names.items():
        for name in {name.casefold(): name for name in given}.values():
            other = giver.setdefault(name.casefold(), value)
            if other != value:
                raise MultibackendError(
                    f"{what} {sanitize(name)}: two courses have it, {sanitize(other)} and {sanitize(value)}; uninstall "
                    f"one of them, or take it out of {CATALOGUE_VARIABLE}."
                )

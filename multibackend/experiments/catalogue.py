"""The catalogue: the experiments of all registered courses by name, and models of the user's own by reference.

This module imports no Keras and no framework.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from multibackend.errors import MultibackendError
from multibackend.experiments.course import CourseExperiment
from multibackend.experiments.reference import normalise
from multibackend.experiments.registry import read_registry


def read_catalogue() -> Mapping[str, CourseExperiment]:
    """Return the experiments of all courses by name, in the order of the courses.

    Raises:
        MultibackendError: two courses give the same name.
    """
    return {name: found for course in read_registry().courses for name, found in course.experiments.items()}


def known_experiments() -> dict[str, str]:
    """Return the title of each experiment by its name, in the order of the courses."""
    return {name: experiment.title for name, experiment in read_catalogue().items()}


def select_experiments(wanted: Sequence[str]) -> list[str]:
    """Resolve what a user asked for into names of the catalogue and references `file.py:name`.

    No name means the whole catalogue. A name may be an exercise's id: `A5` stands for all of A5's experiments.

    Raises:
        MultibackendError: a name is neither; the nearest names are offered. Or there is no experiment at all.
    """
    names = list(read_catalogue())
    if not wanted:
        if not names:
            raise MultibackendError(
                "no experiments: no course is installed; give a model of your own as path/to/file.py:build_model."
            )
        return names
    selected: list[str] = []
    for name in wanted:
        if ":" in name:
            matches = [normalise(name)]
        else:
            folded = name.casefold()
            matches = [n for n in names if n.casefold() == folded or n.casefold().startswith(folded + "-")]
        if not matches:
            near = difflib.get_close_matches(name.upper(), names, n=3, cutoff=0.3) or names or ["none"]
            raise MultibackendError(
                f"unknown experiment {name!r}; nearest: {', '.join(near)}. `multibackend list` shows them all; "
                "a model of your own is given as path/to/file.py:build_model."
            )
        selected += [match for match in matches if match not in selected]
    return selected

"""The catalogue: the course's experiments by name, and models of the user's own by reference.

This module imports no Keras and no framework until an experiment is loaded.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from multibackend.errors import MultibackendError
from multibackend.experiments.experiment import Experiment
from multibackend.experiments.reference import normalise, parse_reference


def known_experiments() -> dict[str, str]:
    """The course's experiments: each name with its title, in the course's order."""
    return {name: entry.title for name, entry in _catalogue().items()}


def _catalogue() -> Mapping[str, Any]:
    from exercises import CATALOGUE

    catalogue: Mapping[str, Any] = CATALOGUE
    return catalogue


def select_experiments(wanted: Sequence[str]) -> list[str]:
    """Resolve what a user asked for into names of the catalogue and references `file.py:name`.

    No name means the whole catalogue. A name may be an exercise's id: `A5` stands for all of A5's experiments.

    Raises:
        MultibackendError: a name that is neither; the nearest names are offered.
    """
    names = list(_catalogue())
    if not wanted:
        return names
    selected: list[str] = []
    for name in wanted:
        if ":" in name:
            matches = [normalise(name)]
        else:
            folded = name.casefold()
            matches = [n for n in names if n.casefold() == folded or n.casefold().startswith(folded + "-")]
        if not matches:
            near = difflib.get_close_matches(name.upper(), names, n=3, cutoff=0.3) or names
            raise MultibackendError(
                f"unknown experiment {name!r}; nearest: {', '.join(near)}. `multibackend list` shows them all; "
                "a model of your own is given as path/to/file.py:build_model."
            )
        selected += [match for match in matches if match not in selected]
    return selected


def load_experiment(name: str) -> Experiment:
    """Import an experiment, by its name in the catalogue or as `path/to/file.py:name`.

    Raises:
        MultibackendError: the file can't be imported, or the name isn't of an experiment or a model's function.
    """
    if reference := parse_reference(name):
        from multibackend.train.own_model import load_own

        return load_own(reference)
    entry = _catalogue()[name]
    experiment = getattr(importlib.import_module(entry.module), entry.attribute)
    assert isinstance(experiment, Experiment)
    return experiment

"""The catalogue: the course's experiments by name, and models of the user's own by reference.

This module imports no Keras and no framework.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from multibackend.errors import MultibackendError
from multibackend.experiments.reference import normalise


def known_experiments() -> dict[str, str]:
    """The course's experiments: each name with its title, in the course's order."""
    return {name: entry.title for name, entry in read_catalogue().items()}


def read_catalogue() -> Mapping[str, Any]:
    """Return the course's entries by name; each has `title`, `module` and `attribute`."""
    from exercises import CATALOGUE

    catalogue: Mapping[str, Any] = CATALOGUE
    return catalogue


def select_experiments(wanted: Sequence[str]) -> list[str]:
    """Resolve what a user asked for into names of the catalogue and references `file.py:name`.

    No name means the whole catalogue. A name may be an exercise's id: `A5` stands for all of A5's experiments.

    Raises:
        MultibackendError: a name that is neither; the nearest names are offered.
    """
    names = list(read_catalogue())
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

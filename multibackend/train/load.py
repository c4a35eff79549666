"""Loading: imports an experiment by its name."""

from __future__ import annotations

import importlib
import sys

from multibackend.errors import MultibackendError
from multibackend.experiments.catalogue import read_catalogue
from multibackend.experiments.experiment import Experiment
from multibackend.experiments.reference import parse_reference
from multibackend.train.own_model import load_own


def load_experiment(name: str) -> Experiment:
    """Import an experiment, by its name in the catalogue or as `path/to/file.py:name`.

    Raises:
        MultibackendError: the file can't be imported, the name isn't that of an experiment or of a function that
            builds a model, or this Python has no course with an experiment of that name.
    """
    if reference := parse_reference(name):
        return load_own(reference)
    entry = read_catalogue().get(name)
    if entry is None:
        raise MultibackendError(
            f"experiment {name!r}: {sys.executable} has no course that gives it; install the course there, too."
        )
    experiment = getattr(importlib.import_module(entry.module), entry.attribute)
    if not isinstance(experiment, Experiment):
        raise MultibackendError(
            f"experiment {name!r}: {entry.module}.{entry.attribute} is a {type(experiment).__name__}; "
            "expected a multibackend.Experiment."
        )
    return experiment

"""Undone: check that faults leave nothing behind; `python -m power.undone` in a backend's environment prints JSON.

Each fault of the corpus is planted on the backend in use and undone. Keras' code and the engines' are compared before,
while planted, and after.
"""

from __future__ import annotations

import inspect
import json
import sys
from typing import Any

from multibackend.draws import initial_weights
from multibackend.engine.backends import get_engine
from power import corpus, planting

WATCHED = ("keras.src", "multibackend")


def look() -> dict[str, int]:
    """Return the identity of every function, class and class attribute in the code that faults may change."""
    found: dict[str, int] = {}
    for name, module in list(sys.modules.items()):
        if not name.startswith(WATCHED):
            continue
        for key, value in list(vars(module).items()):
            found[f"{name}.{key}"] = id(value)
            if inspect.isclass(value) and value.__module__ == name:
                found |= {f"{name}.{key}.{inner}": id(member) for inner, member in list(vars(value).items())}
    return found


def compare(before: dict[str, int], after: dict[str, int]) -> list[str]:
    """List what isn't the same; what a first use has added (a cache, a module) doesn't count."""
    return sorted(key for key in before.keys() & after.keys() if before[key] != after[key] and "cache" not in key)


def watch(name: str) -> dict[str, Any]:
    """Return what a fault changes while it is planted, and what it leaves."""
    experiment = getattr(corpus, name)
    before = look()
    with initial_weights(0):
        experiment.build_model()
    planted = compare(before, look())
    planting.undo()
    return {"planted": planted, "left": compare(before, look())}


if __name__ == "__main__":
    get_engine(planting.get_backend())
    here = [name for name, fault in corpus.FAULTS.items() if planting.get_backend() == fault.planted_on]
    for name in here[:1]:
        watch(name)  # what the first model imports and fills is none of its fault's
    print(
        json.dumps({"faults": {n: watch(n) for n in here}, "plants": sorted({*planting.PLANTS, *planting.DATA_FAULTS})})
    )

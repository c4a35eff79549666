"""Places: what an array of a record belongs to, in words and by its path in the model; and problems found there."""

from __future__ import annotations

from dataclasses import dataclass

PARTS = {
    "initial_outputs": "layer",
    "initial_weights": "variable",
    "final_weights": "final value of variable",
    "gradients": "variable",
    "updates": "variable",
    "slots": "slot",
    "optimizer": "final value of slot",
}
"""Groups of arrays of which each is of a layer, a variable or an optimizer's slot, and the words for these."""

OTHERS = {"losses": "loss", "continued": "loss of training that goes on", "predictions": "prediction"}
"""The words for other groups. An array of a group that is in neither table, a metric, is known by its name alone."""


@dataclass(frozen=True)
class Place:
    """The layer, variable, slot, metric or loss that an array belongs to.

    `path` is that of a layer, variable or slot, or a metric's name; "" where the array is the only one of its group.
    `part` says whether it is a layer, variable or slot.
    """

    words: str
    path: str
    part: bool = False

    @property
    def parts(self) -> tuple[str, ...]:
        """The path of the layer, variable or slot; nothing for other arrays."""
        return (self.path,) if self.part else ()


def find_place(key: str) -> Place:
    """Find the place of an array from its key in a record, such as `gradients/dense/kernel`."""
    group, _, path = key.partition("/")
    kind = PARTS.get(group) or OTHERS.get(group, "")
    return Place(f"{kind} {path}".strip() or group, path, group in PARTS)


@dataclass(frozen=True)
class Problem:
    """A reason why a stage fails without measuring: one line, and the layer, variable, slot or array that it concerns.

    `places` are the paths of the layers, variables and slots that the line names.
    """

    detail: str
    where: str = ""
    places: tuple[str, ...] = ()


def report_problem(place: Place, detail: str) -> Problem:
    """Make a problem of what is wrong at a place."""
    return Problem(f"{place.words}: {detail}", place.path, place.parts)

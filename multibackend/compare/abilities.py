"""Abilities: the stages at which a participant isn't compared, because its backend can't do what they need.

A backend that only infers is compared by structure, data, initial weights, outputs layer by layer, and interchange.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from multibackend.compare.findings import Stage
from multibackend.engine import backends
from multibackend.engine.backend import CAPABILITIES, Capability
from multibackend.experiments.choices import Precision

NEEDS: Mapping[str, Capability] = {
    "initial loss": "training",
    "gradients": "gradients",
    "first update": "training",
    "step losses": "training",
    "converged loss": "training",
    "test metrics": "training",
}
"""The capability that a stage needs, where it needs any beside calling and loading a model. A loss is computed as in
training."""


def list_capabilities(participant: str) -> frozenset[Capability]:
    """List what a participant's backend can do; one that this installation doesn't know is taken to do all."""
    descriptor = backends.DESCRIPTORS.get(participant)
    return descriptor.can if descriptor else CAPABILITIES


def find_inability(participants: Iterable[str], precision: Precision, stage: Stage) -> str:
    """Say which participant can't do what a stage in a precision needs; "" if all can."""
    for participant in participants:
        capabilities = list_capabilities(participant)
        if precision == "float64" and "float64" not in capabilities:
            return f"{participant} can't compute in float64"
        if (need := NEEDS.get(stage)) and need not in capabilities:
            return f"{participant} can't do what this stage needs: {need}"
    return ""


def trains(participant: str) -> bool:
    """Say whether a participant can train."""
    return "training" in list_capabilities(participant)

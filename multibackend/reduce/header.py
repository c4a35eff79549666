"""Headers: the first lines of a script, which say what it shows and how to run it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from multibackend.reduce.candidate import GRADIENTS, Call, Candidate, Name
from multibackend.reduce.expression import WIDTH
from multibackend.reduce.judge import DEVIATIONS, DISTANCES, ULPS, Failure

MEANING = {
    "parameters": "number of parameters",
    "statistics": "statistics of what is drawn",
    "loss": "loss",
    "output": "output",
    "predict": "prediction",
    "weights": "initial weights",
    "evaluate": "loss or metrics",
    "losses": "losses step by step",
    "slots": "optimizer's variables",
    "fit": "weights after fit",
    "history": "history of fit",
    "saved": "weights saved and loaded",
    "saved slots": "optimizer's variables saved and loaded",
}


def write_header(
    candidate: Candidate, failure: Failure, versions: Mapping[str, str], backends: Sequence[str]
) -> list[str]:
    """Write what differs and where, how to run it, what each backend gives, and why the tolerance is as it is."""
    healthy = [backend for backend in backends if backend != failure.backend]
    parts = dict.fromkeys(_name(node.layer) for node in candidate.nodes)
    what = _find_meaning(candidate)
    title = f"{failure.backend} differs: {what} of {', '.join(parts) or _name(candidate.loss)}."
    seen = ", ".join(f"{backend} {versions.get(backend, '')}" for backend in healthy)
    got, expected = (", ".join(f"{number:.6g}" for number in numbers) for numbers in (failure.got, failure.expected))
    lines = [
        f"Run with KERAS_BACKEND={failure.backend}, and {' or '.join(healthy)}. Keras {versions.get('keras', '')}.",
        f"Passes on {seen}; fails on {failure.backend} {versions.get(failure.backend, '')}: got {got}; "
        f"expected {expected}.",
        _explain(candidate, failure, healthy),
    ]
    return [title[:WIDTH], *(piece for line in lines for piece in textwrap.wrap(line, WIDTH))]


def _find_meaning(candidate: Candidate) -> str:
    if candidate.probe != "update":
        return MEANING[candidate.probe]
    plain = candidate.steps == 1 and candidate.optimizer == GRADIENTS
    return "a step of SGD with rate 1 (gradients)" if plain else f"update by {_name(candidate.optimizer)}"


def _name(part: object) -> str:
    if isinstance(part, Call):
        return part.function.name if isinstance(part.function, Name) else part.function.rpartition(".")[2]
    return part.name if isinstance(part, Name) else str(part)


def _explain(candidate: Candidate, failure: Failure, healthy: Sequence[str]) -> str:
    reason = (
        f"{ULPS} ULPs of the largest value, and {DISTANCES} times the distance of the others ({failure.distance:.0e})"
    )
    if candidate.probe == "statistics":
        reason += f", and {DEVIATIONS} standard errors"
    if len(healthy) == 1:
        reason += f"; with two backends nothing says which is right: {healthy[0]}'s is taken as expected"
    return f"Tolerance: {reason}."

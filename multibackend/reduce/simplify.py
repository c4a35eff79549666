"""Simplifying: every way to remove something from a candidate, or to make it smaller, one thing at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from multibackend.reduce.candidate import GRADIENTS, PROBES, Call, Candidate, Name, Node, Source, Values, keep_needed


def drop_layers(candidate: Candidate) -> Iterator[Candidate]:
    """Remove the last half of the layers, the first half, quarters, and so on down to each layer alone."""
    count = len(candidate.nodes)
    size = count // 2 if count > 1 else 0
    while size:
        for start in range(count - size, -1, -size):
            yield bypass(candidate, start, start + size)
        if count % size:
            yield bypass(candidate, 0, count % size)
        size //= 2


def bypass(candidate: Candidate, first: int, last: int) -> Candidate:
    """Remove the layers `first` to `last`; a node that reads one of them reads that layer's first input instead."""
    stands_for: dict[str, str] = {}
    kept: list[Node] = []

    def look_up(name: str) -> str:
        return stands_for.get(name.split("[")[0], name)

    for i, node in enumerate(candidate.nodes):
        inputs = tuple(look_up(name) for name in node.inputs)
        if first <= i < last:
            if inputs:
                stands_for[node.name] = inputs[0]
            continue
        keywords = {
            key: Name(look_up(value.name)) if isinstance(value, Name) else value for key, value in node.keywords.items()
        }
        owner_left = any(earlier.name == node.shared for earlier in kept)
        kept.append(replace(node, inputs=inputs, keywords=keywords, shared=node.shared if owner_left else ""))
    return keep_needed(candidate.but(nodes=tuple(kept)))


def simplify_training(candidate: Candidate) -> Iterator[Candidate]:
    """Take the mean squared error, SGD(1.0), no metrics, fewer steps, inference mode, float32."""
    if candidate.precision == "float64":
        yield candidate.but(precision="float32")
    if candidate.metrics:
        yield candidate.but(metrics=())
    if candidate.weighted:
        yield candidate.but(weighted=False)
    if candidate.loss != "mse":
        yield candidate.but(loss="mse", targets=Values())
        yield candidate.but(loss="mse")
    if candidate.optimizer not in (None, GRADIENTS):
        yield candidate.but(optimizer=GRADIENTS)
    if candidate.training:
        yield candidate.but(training=False)
    for steps in _smaller(candidate.steps):
        yield candidate.but(steps=steps)


def simplify_probe(candidate: Candidate) -> Iterator[Candidate]:
    """Look at something simpler, such as the output in place of the gradients."""
    if not candidate.nodes or candidate.probe == "statistics":
        return
    untrained = candidate.but(loss="mse", targets=Values(), optimizer=None, metrics=(), steps=1, weighted=False)
    for probe in PROBES[PROBES.index("output") : PROBES.index(candidate.probe)]:
        if probe in ("output", "predict", "weights"):
            yield untrained.but(probe=probe)
            if probe == "output":
                yield untrained.but(probe=probe, training=True)
        elif probe == "evaluate":
            yield candidate.but(probe=probe, optimizer=None, steps=1)
        elif candidate.optimizer is not None:
            yield candidate.but(probe=probe)


def simplify_values(candidate: Candidate) -> Iterator[Candidate]:
    """Take plain random numbers in place of the data's, and the weights that Keras draws."""
    for i, source in enumerate(candidate.sources):
        for values in _simpler_values(source.values):
            yield _with_source(candidate, i, replace(source, values=values))
        if source.dtype:
            yield _with_source(candidate, i, replace(source, dtype=""))
    if candidate.targets.kind == "literal":
        yield candidate.but(targets=Values())
        yield candidate.but(targets=Values("classes"))
        yield candidate.but(targets=Values("binary"))
    if candidate.weights != "initial":
        yield candidate.but(weights="initial")
    if candidate.weights == "positive":
        yield candidate.but(weights="uniform")


def _simpler_values(values: Values) -> Iterator[Values]:
    if values.kind != "normal":
        yield Values()
    if values.kind == "integers":
        yield from (replace(values, high=high) for high in _smaller(values.high) if high > 1)
    if values.kind == "literal":
        for mean in (0.0, 100.0, 10000.0):
            yield Values("spread", mean=mean)
    if values.kind == "spread":
        yield replace(values, mean=0.0)
        yield replace(values, deviation=1.0)


def _with_source(candidate: Candidate, i: int, source: Source) -> Candidate:
    return candidate.but(sources=(*candidate.sources[:i], source, *candidate.sources[i + 1 :]))


def drop_arguments(candidate: Candidate) -> Iterator[Candidate]:
    """Leave one argument to its default: of a layer, the loss or the optimizer, or of a call within these."""
    for i, node in enumerate(candidate.nodes):
        for key in node.keywords:
            rest = {k: v for k, v in node.keywords.items() if k != key}
            yield keep_needed(_with_node(candidate, i, replace(node, keywords=rest)))
        for layer in _without_one(node.layer):
            yield _with_node(candidate, i, replace(node, layer=layer))
    for field in ("loss", "optimizer"):
        part = getattr(candidate, field)
        if part != GRADIENTS:
            yield from (candidate.but(**{field: simpler}) for simpler in _without_one(part))


def _with_node(candidate: Candidate, i: int, node: Node) -> Candidate:
    return candidate.but(nodes=(*candidate.nodes[:i], node, *candidate.nodes[i + 1 :]))


def _without_one(part: Any) -> Iterator[Any]:
    """Remove one of a call's arguments, or one argument of a call among these."""
    if not isinstance(part, Call):
        return
    for key, value in part.arguments.items():
        yield part.without(key)
        yield from (part.having(key, inner) for inner in _without_one(value))


def shrink_arguments(candidate: Candidate) -> Iterator[Candidate]:
    """Make one number smaller: units, filters, sizes of kernels."""
    for i, node in enumerate(candidate.nodes):
        for layer in _with_one_smaller(node.layer):
            yield _with_node(candidate, i, replace(node, layer=layer))


def _with_one_smaller(value: Any) -> Iterator[Any]:
    match value:
        case bool():
            return
        case int():
            yield from _smaller(value)
        case Call():
            for key, item in value.arguments.items():
                yield from (value.having(key, smaller) for smaller in _with_one_smaller(item))
        case list() | tuple():
            for i, item in enumerate(value):
                yield from (type(value)([*value[:i], x, *value[i + 1 :]]) for x in _with_one_smaller(item))


def shrink_sizes(candidate: Candidate) -> Iterator[Candidate]:
    """Take fewer rows, shorter inputs, smaller batches."""
    for rows in _smaller(candidate.rows):
        yield candidate.but(rows=rows)
    if candidate.probe == "fit":
        yield from (candidate.but(batch=batch) for batch in _smaller(candidate.batch))
    for i, source in enumerate(candidate.sources):
        if source.values.kind == "literal":
            continue
        for k, length in enumerate(source.shape):
            for smaller in _smaller(length):
                shape = (*source.shape[:k], smaller, *source.shape[k + 1 :])
                yield _with_source(candidate, i, replace(source, shape=shape))


def _smaller(number: int) -> Iterator[int]:
    """Yield smaller numbers from 1, the smallest first: 1, 2, 3, half, one less."""
    yield from sorted({n for n in (1, 2, 3, number // 2, number - 1) if 0 < n < number})


CHANGES = (
    drop_layers,
    simplify_training,
    simplify_probe,
    simplify_values,
    drop_arguments,
    shrink_arguments,
    shrink_sizes,
)
"""All kinds of change, those that simplify most first. Some candidates make no sense: an error is no failure."""

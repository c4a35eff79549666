"""Starts: small candidates to begin with, in the order in which the stage of the difference makes them likely."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from multibackend.reduce.candidate import GRADIENTS, Call, Candidate, Node, Source, Values, keep_needed
from multibackend.reduce.description import Description

STEPS, LONG_STEPS = 3, 10
RANDOM = ("Dropout", "Noise")
NORMALISING = "Norm"
SMALL = Values("spread", deviation=0.001)
"""Inputs whose gradients are small enough for an optimizer's epsilon to count."""

Maker = Callable[[Description, int, list[int]], Iterator[Candidate]]
"""Makes candidates from a description, a level of likeness to the data, and the nodes' positions, likeliest first."""


def list_starts(description: Description, stage: str, places: Sequence[str], level: int) -> Iterator[Candidate]:
    """List candidates for a difference, in float32; layers that `places` name are tried first.

    `places` are paths of layers, variables or slots.
    """
    order = order_nodes(description, places)
    for maker in ORDERS.get(stage, ORDERS[""]):
        for candidate in maker(description, level, order):
            yield _positive(candidate)


def order_nodes(description: Description, places: Sequence[str]) -> list[int]:
    """Order the positions of the nodes: first those whose layer a place names, the longest name first; then as called.

    A slot's path holds the layer's name within a longer one: `adam/dense_hidden_kernel_velocity`.
    """

    def rank(i: int) -> tuple[int, int]:
        path = description.paths[description.nodes[i].name]
        names = [name for name in (path, path.split("/")[-1]) if name and any(name in place for place in places)]
        return -max(map(len, names), default=0), i

    return sorted(range(len(description.nodes)), key=rank)


def _positive(candidate: Candidate) -> Candidate:
    """Make the weights positive where a normalizing layer has variances among them."""
    wanted = any(NORMALISING in str(node.layer.function) for node in candidate.nodes)
    return candidate.but(weights="positive") if wanted else candidate


def _single(description: Description, i: int, level: int) -> Candidate:
    nodes, sources = description.cut(i, i, level)
    return Candidate("output", nodes, sources)


def make_outputs(description: Description, level: int, order: list[int]) -> Iterator[Candidate]:
    """Make each layer alone, in inference mode, then in training mode."""
    for training in (False, True):
        for i in order:
            yield _single(description, i, level).but(training=training)


def make_gradients(description: Description, level: int, order: list[int]) -> Iterator[Candidate]:
    """Make each layer's gradients: alone, and behind a dense layer, whose gradients pass through it."""
    for i in order:
        single = _single(description, i, level).but(probe="update", optimizer=GRADIENTS)
        yield single
        source = single.sources[0]
        if len(single.sources) == 1 and not source.dtype and source.shape:
            front = Node("front", Call("keras.layers.Dense", {"units": source.shape[-1]}), (source.name,))
            node = single.nodes[0]
            behind = Node(node.name, node.layer, ("front",), node.listed, node.keywords)
            yield single.but(nodes=(front, behind))


def make_losses(description: Description, level: int, order: list[int]) -> Iterator[Candidate]:
    """Make the loss alone, on simple predictions; then with the last layers, with metrics and regularizers."""
    for head in description.heads:
        targets = description.find_targets(head, level)
        shares = Values("positive") if targets.kind in ("classes", "one-hot", "binary") else Values()
        yield Candidate("loss", sources=(Source("x", head.shape[1:], shares),), loss=head.loss, targets=targets)
        for first in range(head.node, max(head.node - 3, -1), -1):
            nodes, sources = description.cut(first, head.node, level)
            plain = Candidate("evaluate", nodes, sources, targets, head.loss, rows=16)
            yield plain
            yield plain.but(metrics=description.metrics)
            yield plain.but(probe="update", optimizer=GRADIENTS)
            if description.weighted:
                yield plain.but(weighted=True)
    for i in order:
        yield _single(description, i, level).but(probe="evaluate")


def make_optimizers(description: Description, level: int, _order: list[int]) -> Iterator[Candidate]:
    """Make the optimizer on a dense layer: after one step, after several; at later levels with small gradients."""
    if description.optimizer is None:
        return
    dense = Node("h", Call("keras.layers.Dense", {"units": 1}), ("x",))
    source = Source("x", (2,), (Values(), SMALL, Values("spread", deviation=1e-6))[level])
    small = Candidate("update", (dense,), (source,), optimizer=description.optimizer)
    for steps in (1, STEPS, LONG_STEPS):
        yield small.but(steps=steps)
        yield small.but(steps=steps, probe="slots")


def make_trainings(description: Description, level: int, _order: list[int]) -> Iterator[Candidate]:
    """Make the whole model up to each output, trained for some steps: their losses, and what they change."""
    for head in description.heads:
        nodes, sources = description.cut(0, head.node, level)
        targets = description.find_targets(head, level)
        optimizer = description.optimizer or GRADIENTS
        whole = keep_needed(Candidate("losses", nodes, sources, targets, head.loss, optimizer, steps=LONG_STEPS))
        yield whole
        yield whole.but(probe="update", steps=STEPS)
        yield whole.but(probe="fit", steps=2, rows=7, batch=2)


def make_updates(description: Description, level: int, order: list[int]) -> Iterator[Candidate]:
    """Make each layer alone, trained by the optimizer."""
    for i in order if description.optimizer is not None else ():
        single = _single(description, i, level).but(probe="update", optimizer=description.optimizer)
        yield single
        yield single.but(steps=STEPS)


def make_fits(description: Description, level: int, order: list[int]) -> Iterator[Candidate]:
    """Make `fit` over several batches, the last one short: on a dense layer, then on each layer."""
    dense = Node("h", Call("keras.layers.Dense", {"units": 1}), ("x",))
    small = Candidate("fit", (dense,), (Source("x", (2,)),), optimizer=GRADIENTS, rows=5, batch=2)
    yield small
    if level == 0:
        yield small.but(optimizer=description.optimizer or GRADIENTS, steps=STEPS)
        for i in order:
            yield _single(description, i, level).but(probe="fit", optimizer=GRADIENTS, rows=5, batch=2)


def make_statistics(description: Description, level: int, order: list[int]) -> Iterator[Candidate]:
    """Make what draws random numbers: layers such as Dropout, and initializers."""
    if level:
        return
    for i in order:
        node = description.nodes[i]
        if any(word in str(node.layer.function) for word in RANDOM):
            seeded = Node(node.name, node.layer.having("seed", 0), node.inputs)
            yield Candidate("statistics", (seeded,))
    for initializer in description.initializers:
        yield Candidate("statistics", (Node("h", initializer.having("seed", 0), ()),))


def make_histories(description: Description, level: int, _order: list[int]) -> Iterator[Candidate]:
    """Make `fit`'s report over several epochs with validation, on the last layer."""
    for head in description.heads[: 1 if level == 0 else 0]:
        nodes, sources = description.cut(head.node, head.node, level)
        targets = description.find_targets(head, level)
        last = Candidate("history", nodes, sources, targets, head.loss, GRADIENTS, steps=STEPS)
        yield last
        yield last.but(metrics=description.metrics, optimizer=description.optimizer or GRADIENTS)


def make_structures(description: Description, level: int, order: list[int]) -> Iterator[Candidate]:
    """Make each layer's number of parameters, and those of its initial weights that aren't random."""
    for i in order if level == 0 else ():
        yield _single(description, i, level).but(probe="parameters", weights="initial")
        yield _single(description, i, level).but(probe="weights", weights="initial")


def make_files(description: Description, level: int, order: list[int]) -> Iterator[Candidate]:
    """Make each layer, saved and loaded again, and the optimizer's state."""
    for i in order if level == 0 else ():
        yield _single(description, i, level).but(probe="saved")
    if level == 0:
        dense = Node("h", Call("keras.layers.Dense", {"units": 1}), ("x",))
        slots = Candidate("saved slots", (dense,), (Source("x", (2,)),), optimizer=description.optimizer or GRADIENTS)
        yield slots


def make_wholes(description: Description, level: int, _order: list[int]) -> Iterator[Candidate]:
    """Make the whole model up to each output: the output, its loss, its gradients."""
    for head in description.heads:
        nodes, sources = description.cut(0, head.node, level)
        targets = description.find_targets(head, level)
        whole = keep_needed(Candidate("output", nodes, sources, targets, head.loss))
        yield whole
        yield whole.but(probe="predict")
        yield whole.but(probe="evaluate", metrics=description.metrics)
        yield whole.but(probe="update", optimizer=GRADIENTS)


_FORWARD: tuple[Maker, ...] = (make_outputs, make_losses, make_wholes, make_gradients)
_LOSS: tuple[Maker, ...] = (make_losses, make_statistics, make_outputs, make_wholes, make_gradients)
_GRADIENT: tuple[Maker, ...] = (make_gradients, make_losses, make_optimizers, make_updates, make_outputs, make_wholes)
_UPDATE: tuple[Maker, ...] = (make_optimizers, make_updates, make_gradients, make_statistics, make_trainings, make_fits)
_STEPS: tuple[Maker, ...] = (make_optimizers, make_statistics, make_trainings, make_updates, make_gradients, make_fits)
_LATE: tuple[Maker, ...] = (make_histories, make_losses, make_fits, make_optimizers, make_updates, make_outputs)
ORDERS: dict[str, tuple[Maker, ...]] = {
    "structure": (make_structures, *_UPDATE, make_outputs),
    "initial weights": (make_structures, make_statistics, *_FORWARD),
    "initial outputs": (*_FORWARD, make_statistics),
    "initial loss": _LOSS,
    "gradients": (*_GRADIENT, make_statistics, make_trainings),
    "first update": _UPDATE,
    "step losses": (*_STEPS, make_outputs),
    "interchange": (make_files, *_FORWARD),
    "": (*_LATE, make_wholes, make_trainings),
}
"""The starts that are tried, in order, for each stage at which a difference first shows."""

"""Candidates: what a script does, as small pieces of data that can be removed or simplified one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

Probe = Literal[
    "parameters",
    "statistics",
    "loss",
    "output",
    "predict",
    "weights",
    "evaluate",
    "update",
    "losses",
    "slots",
    "fit",
    "history",
    "saved",
    "saved slots",
]
"""The numbers that a script looks at.

| probe | its numbers |
|---|---|
| parameters | how many parameters the model has |
| statistics | mean, deviation, share of zeros of many random numbers that a layer or an initializer draws |
| loss | a loss called on its own |
| output, predict | the model's output, called or by `predict` |
| weights | the initial weights |
| evaluate | loss and metrics of a batch |
| update | each weight before training minus after; with SGD(1.0) and one step, the gradients |
| losses | each step's loss |
| slots | the optimizer's variables |
| fit | the same as update, by `fit` over several batches |
| history | what `fit` reports over several epochs with validation rows |
| saved, saved slots | the weights, or the optimizer's variables, minus those saved and loaded again |
"""

PROBES: tuple[Probe, ...] = get_args(Probe)
"""All probes, the simplest first."""

TRAINING: tuple[Probe, ...] = ("update", "losses", "slots", "fit", "history", "saved slots")


@dataclass(frozen=True)
class Name:
    """A name that the user's own source defines."""

    name: str


@dataclass(frozen=True)
class Call:
    """A call such as `keras.layers.Dense(units=2)`; arguments hold numbers, strings, lists, names and calls."""

    function: str | Name
    arguments: dict[str, Any] = field(default_factory=dict)

    def without(self, key: str) -> Call:
        """Return the same call with one argument left to its default."""
        return Call(self.function, {k: v for k, v in self.arguments.items() if k != key})

    def having(self, key: str, value: Any) -> Call:
        """Return the same call with another value of one argument."""
        return Call(self.function, {**self.arguments, key: value})


GRADIENTS = Call("keras.optimizers.SGD", {"learning_rate": 1.0})
"""The optimizer that shows gradients: after one step, weights before minus weights after are the gradients."""


@dataclass(frozen=True)
class Values:
    """Numbers of an array: "normal", "positive", "spread" (mean, deviation), "integers" (below `high`) or "literal".

    Targets may also be "classes", "one-hot" or "binary", whose shape follows the model's output.
    """

    kind: str = "normal"
    mean: float = 0.0
    deviation: float = 1.0
    high: int = 2
    literal: Any = None


@dataclass(frozen=True)
class Source:
    """An input of the model: its shape without the rows, and its numbers. `dtype` "" stands for Keras' own float."""

    name: str
    shape: tuple[int, ...]
    values: Values = field(default_factory=Values)
    dtype: str = ""


@dataclass(frozen=True)
class Node:
    """A layer's call: `inputs` names nodes or sources, `listed` says that they are passed as one list.

    `name[1]` is the second of several outputs. `keywords` are further arguments of the call: names of nodes or
    sources as `Name`, or plain values. `shared` names the earlier node whose layer is called again.
    """

    name: str
    layer: Call
    inputs: tuple[str, ...]
    listed: bool = False
    keywords: dict[str, Any] = field(default_factory=dict)
    shared: str = ""

    def reads(self) -> tuple[str, ...]:
        """Return the names of all nodes and sources that it needs."""
        names = (*self.inputs, *(value.name for value in self.keywords.values() if isinstance(value, Name)))
        return tuple(name.split("[")[0] for name in names)


@dataclass(frozen=True)
class Candidate:
    """A script to try. `weights` are "uniform" or "positive" random numbers, or "initial", as Keras makes them.

    `weighted` gives the rows weights; `elements` are the positions in `got` that the script keeps.
    """

    probe: Probe
    nodes: tuple[Node, ...] = ()
    sources: tuple[Source, ...] = ()
    targets: Values = field(default_factory=Values)
    loss: Any = "mse"
    optimizer: Any = None
    metrics: tuple[Any, ...] = ()
    rows: int = 4
    steps: int = 1
    batch: int = 2
    training: bool = False
    precision: str = "float32"
    weights: str = "uniform"
    weighted: bool = False
    elements: tuple[int, ...] = ()

    def but(self, **changes: Any) -> Candidate:
        """Return the same candidate with some fields changed."""
        return replace(self, **changes)


def keep_needed(candidate: Candidate) -> Candidate:
    """Remove the nodes and sources that the last node doesn't read; shared layers get new owners."""
    if not candidate.nodes:
        return candidate
    needed = {candidate.nodes[-1].name}
    for node in reversed(candidate.nodes):
        if node.name in needed:
            needed |= set(node.reads())
    owners: dict[str, str] = {}
    nodes = []
    for node in candidate.nodes:
        if node.name not in needed:
            continue
        owner = node.shared or node.name
        shared = owners.setdefault(owner, node.name)
        nodes.append(replace(node, shared="" if shared == node.name else shared))
    return candidate.but(nodes=tuple(nodes), sources=tuple(s for s in candidate.sources if s.name in needed))


def walk(value: Any) -> Iterator[Any]:
    """Yield a value and all that it holds."""
    yield value
    if isinstance(value, Call):
        yield from walk(value.function)
        for item in value.arguments.values():
            yield from walk(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from walk(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from walk(item)


def find_names(candidate: Candidate) -> list[str]:
    """List the user's own names that a candidate needs defined."""
    parts = [candidate.loss, candidate.optimizer, candidate.metrics, *(node.layer for node in candidate.nodes)]
    return list(dict.fromkeys(item.name for part in parts for item in walk(part) if isinstance(item, Name)))

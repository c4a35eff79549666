"""Descriptions: an experiment's layers, losses and data, as the process without Keras reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from multibackend.reduce.candidate import Name, Node, Source, Values
from multibackend.reduce.transport import decode

MOST_LITERAL = 64
"""The most numbers of an array that a script spells out."""

LEVELS = 3
"""The number of levels of likeness to the data: 0 is simple random numbers, 1 random numbers with the data's mean
and deviation, 2 the data themselves."""


@dataclass(frozen=True)
class Head:
    """An output of the model: the position of the node that makes it, its shape, its loss, the name of its targets."""

    node: int
    shape: tuple[int, ...]
    loss: Any
    targets: str


@dataclass(frozen=True)
class Description:
    """An experiment's model and training. `paths` names each node's layer, `reads` what it was given.

    `arrays` holds the first rows of that (`NODE/NAME`), and of the targets.
    """

    nodes: tuple[Node, ...]
    paths: dict[str, str]
    reads: dict[str, tuple[Source, ...]]
    arrays: Mapping[str, np.ndarray]
    heads: tuple[Head, ...]
    optimizer: Any
    metrics: tuple[Any, ...]
    initializers: tuple[Any, ...]
    weighted: bool
    definitions: dict[str, str]
    problems: tuple[str, ...]

    def cut(self, first: int, last: int, level: int) -> tuple[tuple[Node, ...], tuple[Source, ...]]:
        """Cut out the nodes `first` to `last`; what they read from outside becomes the sources x0, x1, ..."""
        inside = {node.name for node in self.nodes[first : last + 1]}
        sources: dict[str, Source] = {}
        nodes = []
        for node in self.nodes[first : last + 1]:
            for read in self.reads[node.name]:
                if read.name.split("[")[0] not in inside and read.name not in sources:
                    values = imitate(self.arrays[f"{node.name}/{read.name}"], level)
                    sources[read.name] = replace(read, name=f"x{len(sources)}", values=values)
            names = {outer: source.name for outer, source in sources.items()}
            keywords = {
                key: Name(names.get(value.name, value.name)) if isinstance(value, Name) else value
                for key, value in node.keywords.items()
            }
            shared = node.shared if node.shared in inside else ""
            inputs = tuple(names.get(name, name) for name in node.inputs)
            nodes.append(replace(node, inputs=inputs, keywords=keywords, shared=shared))
        return tuple(nodes), tuple(sources.values())

    def find_targets(self, head: Head, level: int) -> Values:
        """Choose numbers like the targets': classes, one-hot, 0 and 1, or normal; at the last level their own."""
        array = self.arrays[head.targets]
        if level == LEVELS - 1 and array.size <= MOST_LITERAL:
            return Values("literal", literal=array.tolist())
        whole = bool(np.all(array == np.round(array)))
        width = head.shape[-1] if len(head.shape) > 1 else 1
        if whole and width > 1 and array.ndim == len(head.shape) - 1:
            return Values("classes")
        if whole and array.min() >= 0 and array.max() <= 1:
            rows_sum = width > 1 and array.ndim > 1 and bool(np.all(array.sum(axis=-1) == 1))
            return Values("one-hot" if rows_sum else "binary")
        return Values()


def imitate(array: np.ndarray, level: int) -> Values:
    """Choose numbers like an array's; the lower the level, the simpler they are."""
    whole = bool(np.all(array == np.round(array))) and array.size > 0 and array.min() >= 0
    if array.dtype.kind in "iub":
        high = int(array.max()) + 1 if array.size else 2
        return Values("integers", high=max(high, 2))
    if level == LEVELS - 1 and array.size <= MOST_LITERAL * 4:
        literal = [float(f"{value:.6g}") for value in array.ravel()]
        return Values("literal", literal=np.reshape(literal, array.shape).tolist())
    if whole and array.max() > 1:
        return Values("integers", high=int(array.max()) + 1)
    if level == 0 or array.size < 2:
        return Values()
    mean, deviation = (float(f"{value:.1g}") for value in (array.mean(dtype=float), array.std(dtype=float)))
    return Values("spread", mean=mean, deviation=deviation or 1.0)


def read_description(content: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Description:
    """Read the answer of the process with Keras, and the arrays that it wrote."""
    nodes, paths, reads = [], {}, {}
    for raw in content["nodes"]:
        keywords = {key: decode(value) for key, value in raw["keywords"].items()}
        node = Node(raw["name"], decode(raw["layer"]), tuple(raw["inputs"]), raw["listed"], keywords, raw["shared"])
        nodes.append(node)
        paths[node.name] = raw["path"]
        reads[node.name] = tuple(
            Source(name, tuple(read["shape"]), dtype="" if read["dtype"].startswith("float") else read["dtype"])
            for name, read in raw["reads"].items()
        )
    return Description(
        nodes=tuple(nodes),
        paths=paths,
        reads=reads,
        arrays=arrays,
        heads=tuple(_read_head(raw, nodes) for raw in content["heads"]),
        optimizer=decode(content["optimizer"]),
        metrics=tuple(decode(content["metrics"])),
        initializers=tuple(decode(call) for call in content["initializers"]),
        definitions=content["definitions"],
        problems=tuple(content["problems"]),
        weighted=content["weighted"],
    )


def _read_head(raw: Mapping[str, Any], nodes: Sequence[Node]) -> Head:
    """Read an output; one that no layer made counts as the last layer's."""
    places = {node.name: i for i, node in enumerate(nodes)}
    place = places.get(raw["node"].split("[")[0], len(nodes) - 1)
    return Head(place, tuple(raw["shape"]), decode(raw["loss"]) or "mse", raw["targets"])

"""Graphs: the lines of a script that make its inputs and its model."""

from __future__ import annotations

import json
from collections.abc import Mapping

from multibackend.reduce.candidate import Candidate, Name, Node, Source
from multibackend.reduce.expression import WIDTH, write_source, write_value


def name_inputs(candidate: Candidate) -> str:
    """Write the expression that the model is called with."""
    names = [source.name for source in candidate.sources]
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


def write_model(candidate: Candidate) -> list[str]:
    """Write the lines that draw the inputs, make the model, and set its weights."""
    lines = [write_source(source, candidate.rows, candidate.precision) for source in candidate.sources]
    if is_bare(candidate):
        return [*lines, f"model = {write_value(candidate.nodes[0].layer)}"]
    if is_chain(candidate):
        parts = [_write_input(candidate.sources[0]), *(write_value(node.layer) for node in candidate.nodes)]
        line = f"model = keras.Sequential([{', '.join(parts)}])"
        if len(line) > WIDTH:
            lines += ["layers = [", *(f"    {part}," for part in parts), "]", "model = keras.Sequential(layers)"]
        else:
            lines.append(line)
    else:
        lines += _write_graph(candidate)
    match candidate.weights:
        case "uniform":
            lines += ["for w in model.weights:", "    w.assign(rng.uniform(-0.5, 0.5, w.shape))"]
        case "positive":
            lines += ["for w in model.weights:", "    w.assign(rng.uniform(0.1, 0.9, w.shape))"]
    return lines


def is_bare(candidate: Candidate) -> bool:
    """Return whether a layer can be called without a model around it."""
    plain = candidate.weights == "initial" and candidate.probe == "output" and is_chain(candidate)
    return plain and len(candidate.nodes) == 1 and "name" not in candidate.nodes[0].layer.arguments


def is_chain(candidate: Candidate) -> bool:
    """Return whether each layer reads only the one before it, so that `Sequential` can hold them."""
    before = [source.name for source in candidate.sources] + [node.name for node in candidate.nodes]
    return len(candidate.sources) == 1 and all(
        node.inputs == (before[i],) and not (node.listed or node.keywords or node.shared)
        for i, node in enumerate(candidate.nodes)
    )


def _write_input(source: Source) -> str:
    return f"keras.Input({source.shape}{f', dtype={json.dumps(source.dtype)}' if source.dtype else ''})"


def _write_graph(candidate: Candidate) -> list[str]:
    shared = {node.shared for node in candidate.nodes if node.shared}
    called = {source.name: f"{source.name}_in" for source in candidate.sources}
    lines = [f"{called[source.name]} = {_write_input(source)}" for source in candidate.sources]
    for node in candidate.nodes:
        layer = write_value(node.layer)
        if node.name in shared:
            lines.append(f"layer_{node.name} = {layer}")
        if node.name in shared or node.shared:
            layer = f"layer_{node.shared or node.name}"
        lines.append(f"{node.name} = {layer}({_write_arguments(node, called)})")
    return [*lines, f"model = keras.Model([{', '.join(called.values())}], {candidate.nodes[-1].name})"]


def _write_arguments(node: Node, called: Mapping[str, str]) -> str:
    names = ", ".join(called.get(name, name) for name in node.inputs)
    keywords = [
        f"{key}={called.get(value.name, value.name) if isinstance(value, Name) else write_value(value)}"
        for key, value in node.keywords.items()
    ]
    return ", ".join([f"[{names}]" if node.listed else names, *keywords])

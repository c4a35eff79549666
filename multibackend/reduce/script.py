"""Scripts: the Python of a candidate; what is tested is the very text that is written."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from multibackend.reduce.candidate import TRAINING, Call, Candidate, Name, Node, Source, find_names

MOST_LINES = 30
WIDTH = 120

DOUBLE = """keras.config.set_floatx("float64")
keras.src.backend.common.dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"  # keras issue 23704"""

Definitions = Mapping[str, str]
"""By name, the source of what the user's own file defines, with all that it needs."""


def write_body(candidate: Candidate, definitions: Definitions) -> str:
    """A script up to the line that makes `got`, a flat array of numbers."""
    double = candidate.precision == "float64"
    lines = ["import os", 'os.environ["JAX_ENABLE_X64"] = "1"'] * double
    lines += ["import tempfile"] * candidate.probe.startswith("saved")
    lines += ["import keras", "import numpy as np"]
    lines += [line for name in find_names(candidate) for line in definitions[name].splitlines() if line not in lines]
    lines += [*DOUBLE.splitlines()] * double
    lines += ["rng = np.random.default_rng(0)"]
    match candidate.probe:
        case "statistics":
            lines = [line for line in lines if not line.startswith("rng")] + _write_statistics(candidate)
        case "loss":
            lines += _write_loss(candidate)
        case _:
            lines += _write_model(candidate) + _write_probe(candidate)
    if candidate.elements:
        lines.append(f"got = got[{list(candidate.elements)}]")
    return "\n".join(piece for line in lines for piece in _wrap(line)) + "\n"


def write_script(header: Sequence[str], body: str, expected: Sequence[float], tolerance: float) -> str:
    """A whole script: what it shows, its body, and the assertion with the numbers expected."""
    first, *rest = header
    numbers = ", ".join(repr(float(number)) for number in expected)
    return "\n".join(
        [
            f'"""{first}',
            *([""] if rest else []),
            *rest,
            '"""',
            body.rstrip("\n"),
            f"expected = [{numbers}]",
            f"assert np.allclose(got, expected, rtol=0, atol={tolerance!r}), "
            'f"got {got.tolist()}, expected {expected}"',
            'print("OK")',
            "",
        ]
    )


def count_lines(text: str) -> int:
    """Lines of a script, all of them."""
    return len(text.splitlines())


def write_value(value: Any) -> str:
    """An argument as Python."""
    match value:
        case Call():
            function = value.function.name if isinstance(value.function, Name) else value.function
            given = (f"{key}={write_value(item)}" for key, item in value.arguments.items())
            return f"{function}({', '.join(given)})"
        case Name():
            return value.name
        case str():
            return json.dumps(value, ensure_ascii=False)
        case list():
            return f"[{', '.join(map(write_value, value))}]"
        case tuple():
            return f"({', '.join(map(write_value, value))}{',' * (len(value) == 1)})"
        case dict():
            return f"{{{', '.join(f'{write_value(k)}: {write_value(v)}' for k, v in value.items())}}}"
        case _:
            return repr(value)


def _write_source(source: Source, rows: int, precision: str) -> str:
    """The line that draws a source's numbers."""
    dtype, size, values = source.dtype or precision, (rows, *source.shape), source.values
    match values.kind:
        case "positive":
            drawn = f"rng.uniform(size={size})"
        case "spread":
            drawn = f"rng.normal({values.mean!r}, {values.deviation!r}, size={size})"
        case "integers":
            drawn = f"rng.integers({values.high}, size={size})"
        case "literal":
            return f'{source.name} = np.array({values.literal[:rows]}, "{dtype}")'
        case _:
            drawn = f"rng.normal(size={size})"
    return f'{source.name} = {drawn}.astype("{dtype}")'


def _given(candidate: Candidate) -> str:
    """What the model is called with."""
    names = [source.name for source in candidate.sources]
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


def _write_model(candidate: Candidate) -> list[str]:
    lines = [_write_source(source, candidate.rows, candidate.precision) for source in candidate.sources]
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
    """Whether a layer can be called without a model round it."""
    plain = candidate.weights == "initial" and candidate.probe == "output" and is_chain(candidate)
    return plain and len(candidate.nodes) == 1 and "name" not in candidate.nodes[0].layer.arguments


def is_chain(candidate: Candidate) -> bool:
    """Whether each layer reads the one before it and nothing else, so that `Sequential` can hold them."""
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


def _write_targets(candidate: Candidate) -> str:
    values, rows = candidate.targets, candidate.rows
    shape = f"keras.ops.shape(model({_given(candidate)}))"
    match values.kind:
        case "classes":
            return f"y = rng.integers(model.output_shape[-1], size={rows})"
        case "one-hot":
            return f"y = np.eye(model.output_shape[-1])[rng.integers(model.output_shape[-1], size={rows})]"
        case "binary":
            return f"y = rng.integers(2, size={shape})"
        case "literal":
            return f"y = np.array({values.literal[:rows]})"
        case _:
            return f"y = rng.normal(size={shape})"


def _write_probe(candidate: Candidate) -> list[str]:
    """The lines that make `got` of a model."""
    x = _given(candidate)
    match candidate.probe:
        case "output":
            training = ", training=True" if candidate.training else ""
            return [f"got = np.ravel(keras.ops.convert_to_numpy(model({x}{training})))"]
        case "predict":
            return [f"got = np.ravel(model.predict({x}, verbose=0))"]
        case "parameters":
            return ["got = np.array([model.count_params()])"]
        case "weights":
            return ["got = np.concatenate([np.ravel(w) for w in model.get_weights()])"]
        case "saved":
            return [*_write_saving(), _subtract("model.get_weights()", "again.get_weights()")]
    metrics = f", metrics={write_value(list(candidate.metrics))}" if candidate.metrics else ""
    lines = [_write_targets(candidate)]
    lines += [f"weight = rng.uniform(size={candidate.rows})"] * candidate.weighted
    given = f"{x}, y, sample_weight=weight" if candidate.weighted else f"{x}, y"
    if candidate.probe == "evaluate":
        compiled = f"model.compile(loss={write_value(candidate.loss)}{metrics})"
        return [*lines, compiled, f"got = np.ravel(model.test_on_batch({given}))"]
    assert candidate.probe in TRAINING
    lines.append(f"model.compile({write_value(candidate.optimizer)}, {write_value(candidate.loss)}{metrics})")
    return lines + _write_training(candidate, given)


def _write_training(candidate: Candidate, given: str) -> list[str]:
    """The lines that train, and make `got` of what that gives or leaves."""
    step = f"model.train_on_batch({given})"
    fit = f"model.fit({given}, batch_size={candidate.batch}, epochs={candidate.steps}, shuffle=False, verbose=0"
    several = [f"for _ in range({candidate.steps}):", f"    {step}"] if candidate.steps > 1 else [step]
    slots = "[keras.ops.convert_to_numpy(v) for v in model.optimizer.variables]"
    before = "before = model.get_weights()"
    match candidate.probe:
        case "losses":
            return [f"got = np.array([{step} for _ in range({candidate.steps})])"]
        case "fit":
            return [before, f"{fit})", _subtract("before", "model.get_weights()")]
        case "history":
            checked = given.replace(", sample_weight=", ", ")
            history = f"history = {fit}, validation_data=({checked})).history"
            return [history, "got = np.concatenate([history[name] for name in sorted(history)])"]
        case "slots":
            return [*several, f"got = np.concatenate([np.ravel(v) for v in {slots}])"]
        case "saved slots":
            again = slots.replace("model", "again")
            return [*several, *_write_saving(), _subtract(slots, again)]
    return [before, *several, _subtract("before", "model.get_weights()")]


def _subtract(before: str, after: str) -> str:
    return f"got = np.concatenate([np.ravel(a - b) for a, b in zip({before}, {after})])"


def _write_saving() -> list[str]:
    return [
        'file = f"{tempfile.mkdtemp()}/model.keras"',
        "model.save(file)",
        "again = keras.models.load_model(file)",
    ]


def _write_loss(candidate: Candidate) -> list[str]:
    """A loss called on its own: on predictions x, which are shares where the targets are classes."""
    x = candidate.sources[0]
    classes, kind = x.shape[-1] if x.shape else 1, candidate.targets.kind
    lines = [_write_source(x, candidate.rows, candidate.precision)]
    size = (candidate.rows, *x.shape)
    literal = (candidate.targets.literal or [])[: candidate.rows]
    drawn = {
        "classes": f"rng.integers({classes}, size={candidate.rows})",
        "one-hot": f"np.eye({classes})[rng.integers({classes}, size={candidate.rows})]",
        "binary": f"rng.integers(2, size={size})",
        "literal": f"np.array({literal})",
    }.get(kind, f"rng.normal(size={size})")
    if kind in ("classes", "one-hot"):
        lines.append("x = x / x.sum(axis=-1, keepdims=True)")
    loss = write_value(candidate.loss)
    function = loss if isinstance(candidate.loss, Call) else f"keras.losses.get({loss})"
    return [*lines, f"y = {drawn}", f"got = np.ravel(keras.ops.convert_to_numpy({function}(y, x)))"]


def _write_statistics(candidate: Candidate) -> list[str]:
    made = write_value(candidate.nodes[0].layer)
    if "initializers" in made.split("(")[0]:
        lines = [f"drawn = keras.ops.convert_to_numpy({made}((2000, 500)))", "again = drawn + 1"]
    else:
        lines = [
            f"model = keras.Sequential([keras.Input((1000,)), {made}])",
            "x = np.ones((1000, 1000))",
            "drawn, again = (keras.ops.convert_to_numpy(model(x, training=True)) for _ in range(2))",
        ]
    return [*lines, "got = np.array([drawn.mean(), drawn.std(), np.mean(drawn == 0), np.mean(drawn == again)])"]


def _wrap(line: str) -> list[str]:
    """Break a line that is too long where a bracket is open; others stay as they are."""
    if len(line) <= WIDTH or '"""' in line:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    pieces = textwrap.wrap(line, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    opened = [
        sum(map("".join(pieces[:k]).count, "([{")) - sum(map("".join(pieces[:k]).count, ")]}"))
        for k in range(1, len(pieces))
    ]
    return pieces if all(depth > 0 for depth in opened) else [line]

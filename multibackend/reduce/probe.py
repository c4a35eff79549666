"""Probes: the lines of a script that make `got`."""

from __future__ import annotations

from multibackend.reduce.candidate import TRAINING, Call, Candidate
from multibackend.reduce.expression import write_source, write_value
from multibackend.reduce.graph import name_inputs


def _write_targets(candidate: Candidate) -> str:
    values, rows = candidate.targets, candidate.rows
    shape = f"keras.ops.shape(model({name_inputs(candidate)}))"
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


def write_probe(candidate: Candidate) -> list[str]:
    """Write the lines that make `got` from a model."""
    x = name_inputs(candidate)
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
    """Write the lines that train, and make `got` from what training returns or changes."""
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


def write_loss(candidate: Candidate) -> list[str]:
    """Write the lines that call a loss on its own, on predictions x, which are shares where the targets are classes."""
    x = candidate.sources[0]
    classes, kind = x.shape[-1] if x.shape else 1, candidate.targets.kind
    lines = [write_source(x, candidate.rows, candidate.precision)]
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


def write_statistics(candidate: Candidate) -> list[str]:
    """Write the lines that draw a million numbers twice, and make `got` from their statistics."""
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

"""Synthetic records: a small network trained in NumPy, which each participant sums in an order of its own.

Their differences are therefore true rounding error, and grow as a training's do. `train` is seeded; `alter` makes a
faulty copy. A participant may have any name: each name sums in its own order.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from multibackend.records.record import Record, Run

VARIABLES = ("dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias")
BACKENDS = ("jax", "tensorflow", "torch")
FIVE = (*BACKENDS, "cntk", "theano")
"""Five participants: two more, which Keras had once."""
PRECISIONS = ("float64", "float32")
SHARED = {"python": "3.12.3", "platform": "Linux-6.8-x86_64", "device": "cpu", "threads": 1, "commit": "3d7d691"}
PROBE = 32
MOMENTUM = 0.5
VERSIONS = {"jax": "0.10.2", "tensorflow": "2.21.0", "torch": "2.13.0"}


@dataclass(frozen=True)
class Setting:
    """The training of a synthetic experiment; `scale` stretches the inputs, and a large one makes the loss diverge."""

    name: str = "E4-standardised"
    hidden: int = 16
    epochs: int = 4
    batch_size: int = 16
    rows: int = 96
    test_rows: int = 40
    rate: float = 0.1
    scale: float = 1.0
    classify: bool = True
    diverges: bool = False
    profile: str = "quick"
    seed: int = 7
    workarounds: tuple[str, ...] = (
        "float64-stays-float64",
        "tensorflow-cast-exact",
        "tensorflow-loss-from-probabilities",
    )


def product(backend: str, x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Compute `x @ w`, summed in the participant's order."""
    if backend == "jax":
        return x @ w
    if backend == "tensorflow":
        return np.ascontiguousarray(x[:, ::-1]) @ np.ascontiguousarray(w[::-1])
    if backend != "torch":
        order = np.random.default_rng(zlib.crc32(backend.encode())).permutation(x.shape[1])
        return np.ascontiguousarray(x[:, order]) @ np.ascontiguousarray(w[order])
    half = (x.shape[1] + 1) // 2
    return x[:, :half] @ w[:half] + x[:, half:] @ w[half:]


@dataclass
class Network:
    """Dense, relu, Dense; softmax and cross-entropy, or mean squared error."""

    backend: str
    classify: bool
    weights: dict[str, np.ndarray]

    def forward(self, x: np.ndarray) -> dict[str, np.ndarray]:
        w = self.weights
        hidden = product(self.backend, x, w["dense/kernel"]) + w["dense/bias"]
        active = np.maximum(hidden, 0)
        output = product(self.backend, active, w["dense_1/kernel"]) + w["dense_1/bias"]
        if self.classify:
            power = np.exp(output - output.max(axis=1, keepdims=True))
            output = power / power.sum(axis=1, keepdims=True)
        return {"dense": active, "dense_1": output, "output.0": output}

    def metrics(self, x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
        output = self.forward(x)["dense_1"]
        if not self.classify:
            return {"loss": np.mean((output[:, 0] - y) ** 2), "mean_absolute_error": np.mean(np.abs(output[:, 0] - y))}
        chosen = output[np.arange(len(y)), y.astype(int)]
        hits = np.argmax(output, axis=1) == y
        return {"loss": np.mean(-np.log(np.maximum(chosen, 1e-7))), "accuracy": np.mean(hits, dtype=x.dtype)}

    def gradients(self, x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
        layers = self.forward(x)
        delta = layers["dense_1"].copy()
        if self.classify:
            delta[np.arange(len(y)), y.astype(int)] -= 1
            delta /= len(y)
        else:
            delta = 2 * (delta - y[:, None]) / len(y)
        back = product(self.backend, delta, self.weights["dense_1/kernel"].T) * (layers["dense"] > 0)
        return {
            "dense/kernel": product(self.backend, x.T, back),
            "dense/bias": back.sum(axis=0),
            "dense_1/kernel": product(self.backend, layers["dense"].T, delta),
            "dense_1/bias": delta.sum(axis=0),
        }


def draw(setting: Setting, precision: str, perturbation: int) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
    """Initial weights (perturbed by one ULP where asked) and data: training, test inputs and targets."""
    random = np.random.default_rng(setting.seed)
    outputs = 3 if setting.classify else 1
    shapes = {"dense/kernel": (8, setting.hidden), "dense/bias": (setting.hidden,)}
    shapes |= {"dense_1/kernel": (setting.hidden, outputs), "dense_1/bias": (outputs,)}
    weights = {path: random.normal(0, 0.4, shape).astype(np.float32) for path, shape in shapes.items()}
    if perturbation:
        nudge = np.random.default_rng(perturbation)
        weights = {p: np.nextafter(w, w + nudge.choice([-1, 1], w.shape).astype("f")) for p, w in weights.items()}
    rows = setting.rows + setting.test_rows
    x = random.normal(0, setting.scale, (rows, 8))
    truth = x @ random.normal(0, 1, (8, 3))
    y = truth.argmax(axis=1) if setting.classify else truth[:, 0]
    cut = setting.rows
    data = [a.astype(precision) for a in (x[:cut], y[:cut], x[cut:], y[cut:])]
    return {path: w.astype(precision) for path, w in weights.items()}, data


def step(network: Network, slots: dict[str, Any], rate: Any, x: np.ndarray, y: np.ndarray) -> tuple[Any, Any, Any]:
    """Train a step in place: the batch's loss before it, its gradients, and the new slots."""
    gradients, loss = network.gradients(x, y), network.metrics(x, y)["loss"]
    slots = {path: MOMENTUM * slots[path] - rate * gradients[path] for path in slots}
    network.weights = {path: w + slots[path] for path, w in network.weights.items()}
    return loss, gradients, slots


def go_on(network: Network, slots: dict[str, Any], rate: Any, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The losses of three steps more."""
    network, losses = replace(network), []
    for batch in np.split(np.arange(30), 3):
        loss, _, slots = step(network, slots, rate, x[batch], y[batch])
        losses.append(loss)
    return np.array(losses, dtype=np.float64)


def pick_slots(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The momenta among an optimizer's variables, by their variables' paths."""
    paths = {f"sgd/{path.replace('/', '_')}_momentum": path for path in VARIABLES}
    return {path: arrays[key] for key, path in paths.items()}


def name_slots(slots: dict[str, np.ndarray], rate: Any, steps: int) -> dict[str, np.ndarray]:
    """An optimizer's variables, as Keras names them."""
    momenta = {f"sgd/{path.replace('/', '_')}_momentum": slot for path, slot in slots.items()}
    return {"sgd/iteration": np.asarray(steps), "sgd/learning_rate": np.asarray(rate)} | momenta


def describe_environment(backend: str) -> dict[str, Any]:
    """Describe the environment in which a participant trained."""
    packages = {"keras": "3.15.1", "numpy": "2.4.6", backend: VERSIONS.get(backend, "1.0")}
    return SHARED | {"backend": backend, "packages": packages}


def time_phases(run: Run) -> dict[str, float]:
    """Seconds that no other training took."""
    noise = np.random.default_rng(list(str(run).encode())).uniform(0.1, 1, 4)
    phases = ("build", "first step", "train", "evaluate")
    return {phase: round(float(value), 4) for phase, value in zip(phases, noise, strict=True)}


def interchange(setting: Setting, loader: str, saved: list[Record]) -> Record:
    """Load on one participant the models that all saved, and predict and go on with each."""
    run = replace(saved[0].run, backend=loader, task="interchange")
    _, (x, y, test_x, _) = draw(setting, run.precision, 0)
    arrays: dict[str, np.ndarray] = {}
    with np.errstate(all="ignore"):
        for record in saved:
            network = Network(loader, setting.classify, record.group("final_weights"))
            arrays[f"predictions/{record.run.backend}.0"] = network.forward(test_x[:PROBE])["dense_1"]
            if run.precision == "float64" and record.run.backend != loader:
                rate = np.asarray(setting.rate, dtype=run.precision)
                arrays[f"continued/{record.run.backend}"] = go_on(
                    network, pick_slots(record.group("optimizer")), rate, x, y
                )
    environment = describe_environment(loader)
    return Record(
        run, "finished", environment=environment, digests=saved[0].digests, structure={"unloaded": {}}, arrays=arrays
    )


def train(setting: Setting, backend: str, precision: str, perturbation: int = 0, rate_factor: float = 1.0) -> Record:
    """A record of a training in NumPy; `rate_factor` other than 1 is a fault: a wrong learning rate."""
    with np.errstate(all="ignore"):
        return _train(setting, backend, precision, perturbation, rate_factor)


def _train(setting: Setting, backend: str, precision: str, perturbation: int, rate_factor: float) -> Record:
    initial, (x, y, test_x, test_y) = draw(setting, precision, perturbation)
    network = Network(backend, setting.classify, dict(initial))
    rate = np.asarray(setting.rate * rate_factor, dtype=precision)
    arrays = {f"initial_weights/{path}": w for path, w in initial.items()}
    arrays |= {f"initial_outputs/{layer}": value for layer, value in network.forward(test_x[:PROBE]).items()}
    arrays |= {f"initial/{key}": as_number(value) for key, value in network.metrics(x[:32], y[:32]).items()}
    losses: list[Any] = []
    slots = {path: np.zeros_like(w) for path, w in initial.items()}
    history: dict[str, list[Any]] = {"loss": []}
    order = np.stack([np.random.default_rng([setting.seed, e]).permutation(len(x)) for e in range(setting.epochs)])
    for epoch in order:
        start = len(losses)
        for batch in np.split(epoch, range(setting.batch_size, len(x), setting.batch_size)):
            loss, gradients, slots = step(network, slots, rate, x[batch], y[batch])
            losses.append(loss)
            after = network.weights
            if len(losses) == 1:
                arrays |= {f"gradients/{path}": g for path, g in gradients.items()}
                arrays |= {f"updates/{p}": np.subtract(w, initial[p], dtype=float) for p, w in after.items()}
                arrays |= {f"slots/{path}": slot for path, slot in name_slots(slots, rate, 1).items()}
                arrays["initial/training loss"] = as_number(loss)
        history["loss"].append(np.mean(losses[start:]))
        for key, value in network.metrics(test_x, test_y).items():
            history.setdefault(f"val_{key}", []).append(value)
    arrays["losses"] = np.array(losses, dtype=precision)
    arrays |= {f"history/{key}": np.array(values, dtype=np.float64) for key, values in history.items()}
    arrays |= {f"test/{key}": as_number(value) for key, value in network.metrics(test_x, test_y).items()}
    arrays |= {f"final_weights/{path}": w for path, w in network.weights.items()}
    arrays |= {f"optimizer/{path}": slot for path, slot in name_slots(slots, rate, len(losses)).items()}
    arrays["predictions/0"] = network.forward(test_x[:PROBE])["dense_1"]
    if not perturbation:
        arrays["continued"] = go_on(network, slots, rate, x, y)
    run = Run(setting.name, backend, precision, setting.profile, setting.seed, perturbation)
    sums = {"training.inputs": x, "training.targets": y, "test.inputs": test_x, "test.targets": test_y}
    sums |= {"validation.inputs": test_x, "validation.targets": test_y, "batch_order": order}
    return Record(
        run=run,
        status="finished",
        plan={"epochs": setting.epochs, "batch_size": setting.batch_size, "training_rows": 0, "evaluation_rows": 0},
        diverges=setting.diverges,
        workarounds=setting.workarounds,
        environment=describe_environment(backend),
        structure=describe(setting, initial, precision, arrays),
        digests={key: hashlib.sha256(array.tobytes()).hexdigest() for key, array in sums.items()},
        wall_seconds=time_phases(run),
        arrays=arrays,
    )


def as_number(value: Any) -> np.ndarray:
    """A metric as a record holds it."""
    return np.asarray(value, dtype=np.float64)


def describe(
    setting: Setting, weights: dict[str, np.ndarray], precision: str, arrays: dict[str, np.ndarray]
) -> dict[str, Any]:
    """The structure that a record holds."""
    total = sum(w.size for w in weights.values())
    layers = [
        {"path": path, "class": "Dense", "config": {}, "output_shape": [weights[f"{path}/bias"].size], "parameters": 0}
        for path in ("dense", "dense_1")
    ]

    def list_forms(group: str) -> list[dict[str, Any]]:
        start = f"{group}/"
        found = {key.removeprefix(start): array for key, array in arrays.items() if key.startswith(start)}
        return [{"path": path, "shape": list(a.shape), "dtype": str(a.dtype)} for path, a in found.items()]

    metrics = [key.removeprefix("test/") for key in arrays if key.startswith("test/")]
    return {
        "layers": layers,
        "variables": [
            {"path": path, "shape": list(w.shape), "dtype": precision, "trainable": True} for path, w in weights.items()
        ],
        "parameters": {"total": total, "trainable": total, "non_trainable": 0},
        "outputs": list_forms("initial_outputs"),
        "slots": list_forms("slots"),
        "metrics": {"training": ["loss"], "evaluation": sorted(metrics)},
        "optimizer": {"class": "SGD", "config": {"learning_rate": setting.rate, "momentum": MOMENTUM}},
        "loss": "crossentropy" if setting.classify else "mse",
        "loss_weights": None,
        "rows": {"training": setting.rows, "validation": setting.test_rows, "test": setting.test_rows},
        "steps_per_epoch": -(-setting.rows // setting.batch_size),
    }


def train_all(setting: Setting, repetitions: int = 2, backends: Sequence[str] = BACKENDS) -> list[Record]:
    """Train on all participants in both precisions, with float32's repetitions; each loads what the others saved."""
    records = [train(setting, backend, precision) for precision in PRECISIONS for backend in backends]
    loaded = [
        interchange(setting, b, [r for r in records if r.run.precision == p]) for p in PRECISIONS for b in backends
    ]
    return records + loaded + [train(setting, b, "float32", k) for b in backends for k in range(1, repetitions + 1)]


def alter(records: Iterable[Record], backend: str, precision: str, change: Callable[[Record], Record]) -> list[Record]:
    """Change one participant's training in one precision, and leave all other records as they are."""
    runs = (backend, precision, 0)
    return [
        change(record)
        if (record.run.backend, record.run.precision, record.run.perturbation, record.run.task) == (*runs, "training")
        else record
        for record in records
    ]


def with_array(key: str, change: Callable[[np.ndarray], np.ndarray | None]) -> Callable[[Record], Record]:
    """A change of one array; to None drops it."""

    def apply(record: Record) -> Record:
        arrays = dict(record.arrays)
        value = change(arrays.pop(key).copy())
        return replace(record, arrays=arrays if value is None else arrays | {key: value})

    return apply


def with_structure(change: Callable[[dict[str, Any]], None]) -> Callable[[Record], Record]:
    """A change of the structure, made in place on a copy."""

    def apply(record: Record) -> Record:
        import copy

        structure = copy.deepcopy(record.structure)
        change(structure)
        return replace(record, structure=structure)

    return apply

"""Origins: a layer that differs alone is named, with the participant at fault; nothing that agrees is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from fakes.synthetic import BACKENDS, PRECISIONS, Setting, alter, train_all, with_array

from multibackend.compare import Comparison, compare_records
from multibackend.compare.origins import list_parts
from multibackend.records.record import Record, Run

NAME = "E4-standardised"
CALLS = ("first", "inner/second", "inner", "last")


HEALTHY = train_all(Setting(), 0)


def isolate(backend: str, precision: str) -> Record:
    """Four calls, the second inside the third; each backend's numbers differ by rounding alone."""
    random, rounding = np.random.default_rng(0), np.random.default_rng(BACKENDS.index(backend))
    eps = np.finfo(precision).eps
    arrays: dict[str, np.ndarray] = {}

    def add(key: str, shape: tuple[int, ...] = (4, 3)) -> None:
        value = random.normal(size=shape)
        arrays[key] = (value * (1 + eps * rounding.integers(-1, 2, shape))).astype(precision)

    for call in CALLS:
        add(f"arrived/{call}.0")
        add(f"outputs/{call}.0")
    arrays["masks/first.0"] = np.ones((4, 3), "int32")
    add("loss", ())
    for call in CALLS:
        add(f"gradients of inputs/{call}.0")
        add(f"gradients of handed/{call}.0")
    for variable in ("first/kernel", "inner/second/kernel", "last/kernel"):
        add(f"gradients/{variable}")
        add(f"updates/{variable}")
        add(f"slots/sgd/{variable.replace('/', '_')}_momentum")
    arrays["gradients/last/zero"] = np.full(3, 40 * eps * rounding.normal(), precision)  # rounding of zero
    run = Run(NAME, backend, precision, "quick", 7, task="isolation")
    digests = {p: r.digests for p in PRECISIONS for r in HEALTHY if r.run.precision == p}[precision]
    return Record(run, "finished", digests=digests, structure={"order": list(arrays)}, arrays=arrays)


@pytest.fixture(scope="module")
def failing() -> list[Record]:
    """Torch differs in the gradients of both precisions."""
    records = train_all(Setting())
    for precision in PRECISIONS:
        doubled = with_array("gradients/dense/kernel", lambda g: 2 * g)
        records = alter(records, "torch", precision, doubled)
    return records


def compare(failing: list[Record], precision: str, key: str, change: Callable[[np.ndarray], np.ndarray]) -> Comparison:
    records = [isolate(backend, p) for backend in BACKENDS for p in PRECISIONS]

    def altered(record: Record) -> Record:
        return replace(
            record, arrays=record.arrays | {key: change(record.arrays[key]).astype(record.arrays[key].dtype)}
        )

    ours = [altered(r) if (r.run.backend, r.run.precision) == ("torch", precision) else r for r in records]
    return compare_records([*failing, *ours], None)


PARTS = {
    "outputs/inner/second.0": ("output", "inner/second"),
    "masks/first.0": ("output", "first"),
    "arrived/last.0": ("between layers", "last"),
    "loss": ("loss", ""),
    "gradients of inputs/first.0": ("gradient", "first"),
    "gradients of handed/first.0": ("between layers", "first"),
    "gradients/inner/second/kernel": ("gradient", "inner/second/kernel"),
    "updates/last/kernel": ("optimizer", "last/kernel"),
    "slots/sgd/first_kernel_momentum": ("optimizer", "sgd/first_kernel_momentum"),
}


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("key", PARTS)
def test_the_part_that_differs_alone_is_the_origin(failing: list[Record], precision: str, key: str) -> None:
    (origin,) = compare(failing, precision, key, lambda a: a * 3 + 1).find_origins(NAME, precision)
    assert (origin.kind, origin.where) == PARTS[key]
    assert origin.who == ("torch",)
    assert "torch" in origin.sentence


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_part_that_is_not_finite_is_the_origin(failing: list[Record], precision: str) -> None:
    (origin,) = compare(failing, precision, "outputs/last.0", lambda a: a * np.nan).find_origins(NAME, precision)
    assert (origin.kind, origin.where, origin.who) == ("output", "last", ("torch",))
    assert "not finite" in origin.detail


def test_without_a_part_that_differs_nothing_is_accused_of_it(failing: list[Record]) -> None:
    (origin,) = compare(failing, "float64", "loss", lambda a: a).find_origins(NAME, "float64")
    assert (origin.kind, origin.where, origin.who) == ("nowhere", "", ("torch",))


def test_the_earliest_of_two_is_the_origin(failing: list[Record]) -> None:
    both = [
        with_array("outputs/inner/second.0", lambda a: 2 * a)(with_array("outputs/last.0", lambda a: 2 * a)(isolated))
        if isolated.run.backend == "jax"
        else isolated
        for isolated in (isolate(backend, p) for backend in BACKENDS for p in PRECISIONS)
    ]
    (origin,) = compare_records([*failing, *both], None).find_origins(NAME, "float64")
    assert (origin.where, origin.who) == ("inner/second", ("jax", "torch"))  # the pair that failed; nothing says who


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("outputs/inner/second.0", "outputs/last.0"),
        ("slots/sgd/last_kernel_momentum", "updates/first/kernel"),  # a variable is updated from its slots
    ],
)
def test_parts_are_in_causal_order(earlier: str, later: str) -> None:
    parts = list_parts(isolate("jax", "float64"))
    assert parts.index(earlier) < parts.index(later)


def test_what_passes_has_no_origin(records: list[Record]) -> None:
    isolated = [isolate(backend, p) for backend in BACKENDS for p in PRECISIONS]
    wrong = [with_array("loss", lambda a: 2 * a)(r) if r.run.backend == "jax" else r for r in isolated]
    assert compare_records([*records, *wrong], None).origins == ()

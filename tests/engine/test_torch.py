"""torch's captured step: what is captured, what is refused and why, and that a wrong capture isn't used."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from unittest.mock import ANY

import keras
import numpy as np
import pytest
import torch
from keras import layers, ops
from models import BATCH, CASES, ROWS
from test_fit import differences, prepare, train_with_engine, train_with_fit

from multibackend import draws
from multibackend.engine.backends import get_engine
from multibackend.engine.state import save_state
from multibackend.engine.torch import engine
from multibackend.engine.torch.capture import Uncapturable, capture
from multibackend.engine.torch.capture.cuda import as_cuda_graph

EAGER = {
    "nadam": "Python reads a tensor's values in the middle of the step",
    "ema overwrite": "a branch of keras.ops.cond assigns a variable",
}
DATA = torch.arange(40.0).reshape(20, 2)
ROWS_A, ROWS_B = torch.tensor([0, 3, 4]), torch.tensor([7, 8, 9])


def how(case: str) -> dict[str, str]:
    with draws.identical_masks():
        get_engine("torch").configure("float32", threads=1)
        model, split = prepare(case)
        return engine.compile_epoch(model, split, BATCH, 2).how


@pytest.mark.parametrize("case", CASES)
def test_steps_are_captured_but_for_those_that_cannot_be(case: str) -> None:
    expected = {"step": "eager", "reason": EAGER[case]} if case in EAGER else {"step": "captured", "compiler": "none"}
    assert how(case) == expected


def test_a_capture_that_does_something_else_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    original = engine.capture

    def wrong(*args: object) -> object:
        captured = original(*args)
        return replace(captured, run=lambda rows: captured.run(rows.flip(0).roll(1) if rows[0] else rows))

    monkeypatch.setattr(engine, "capture", wrong)
    assert how("adam")["reason"] == "after 3 steps, the captured operations have not done what the step does"


def test_compiling_changes_no_variable() -> None:
    with draws.identical_masks():
        get_engine("torch").configure("float32", threads=1)
        model, split = prepare("batch normalization")
        before = save_state(model)
        engine.compile_epoch(model, split, BATCH, 2)
    for a, b in zip(before, save_state(model), strict=True):
        np.testing.assert_array_equal(a, b)


class Halving(layers.Layer):
    """Decides in Python by a value."""

    def call(self, x):
        return x / 2 if ops.mean(x) > 0 else x


def test_what_decides_by_values_trains_eagerly_as_fit_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def build() -> keras.Model:
        model = keras.Sequential([keras.Input((6,)), Halving(), layers.Dense(3, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy")
        return model

    monkeypatch.setitem(CASES, "halving", (build, CASES["adam"][1]))
    order = draws.batch_order(0, 0, ROWS)
    with draws.identical_masks():
        get_engine("torch").configure("float32", threads=1)
        reason = how("halving")["reason"]
        _, expected = train_with_fit("halving", order)
        _, got = train_with_engine("halving", [order] * 2)
    assert reason == "Python decides by a tensor's value in the middle of the step"
    assert differences(got, expected) < 2e-5


def test_a_learning_rate_changed_between_epochs_is_followed() -> None:
    order = draws.batch_order(0, 0, ROWS)

    def train(change: Callable[[], contextlib.AbstractContextManager[object]]) -> list[np.ndarray]:
        with change():
            model, split = prepare("sgd")
            epoch = engine.compile_epoch(model, split, BATCH, 2)
            epoch(order)
            model.optimizer.learning_rate = 0.5
            epoch(order)
            return save_state(model)

    def eagerly() -> contextlib.AbstractContextManager[object]:
        def refuse(*_: object) -> None:
            raise Uncapturable("asked to")

        patch = pytest.MonkeyPatch()
        patch.setattr(engine, "capture", refuse)
        stack = contextlib.ExitStack()
        stack.callback(patch.undo)
        return stack

    get_engine("torch").configure("float32", threads=1)
    assert differences(train(contextlib.nullcontext), train(eagerly)) == 0


# -------------------------------------------------------------------------------- capture by itself


def test_a_replay_reads_what_the_last_one_wrote() -> None:
    state = torch.zeros(2)

    def step(rows: torch.Tensor) -> torch.Tensor:
        before = state.sum()
        state.add_(DATA[rows].sum(0))
        return before * 2 + state.sum()

    replay = capture(step, ROWS_A, [state]).run
    state.zero_()
    got = [float(replay(rows)) for rows in (ROWS_A, ROWS_B, ROWS_A)]
    state.zero_()
    assert got == [float(step(rows)) for rows in (ROWS_A, ROWS_B, ROWS_A)]


def test_memory_that_is_still_needed_is_not_written_over() -> None:
    def step(rows: torch.Tensor) -> torch.Tensor:
        x = DATA[rows] - 8
        y = torch.relu(x + 1)
        viewed = y.t()
        z = torch.neg(y) * 3
        return (viewed.t() * z + x.abs()).sum()

    captured = capture(step, ROWS_A, [])
    assert float(captured.run(ROWS_B)) == float(step(ROWS_B))
    assert float(captured.run(ROWS_A)) == float(step(ROWS_A))


def test_views_of_a_copy_that_is_left_out_see_new_rows() -> None:
    def step(rows: torch.Tensor) -> torch.Tensor:
        x = DATA[rows]
        copied, again = x.to(torch.float64), x.to(torch.float64)
        return (copied.exp().t() @ again.view(-1).view(x.shape)).sum()

    captured = capture(step, ROWS_A, [])
    assert float(captured.run(ROWS_B)) == float(step(ROWS_B))


def test_only_what_a_step_needs_is_replayed() -> None:
    weights = torch.ones(2, 2)

    def step(rows: torch.Tensor) -> torch.Tensor:
        scale = torch.tensor(2.0) * torch.ones(())  # constant
        (DATA * 5).sum()  # used by nobody
        x = DATA[rows].clone() * torch.ones(())
        return (x @ weights.t() * scale).detach().sum()

    captured = capture(step, ROWS_A, [weights])
    assert float(captured.run(ROWS_B)) == float(step(ROWS_B))
    calls = [line for line in captured.source.splitlines()[1:] if " = " in line]
    assert len(calls) == 4, captured.source  # rows, product, scale, sum


def test_literals_are_new_in_each_step() -> None:
    def step(rows: torch.Tensor) -> torch.Tensor:
        total = torch.tensor([0.0, 1.0])
        total += DATA[rows].sum(0)
        return total.sum()

    captured = capture(step, ROWS_A, [])
    assert [float(captured.run(ROWS_B)) for _ in range(3)] == [float(step(ROWS_B))] * 3


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (lambda rows: DATA[rows].sum() * float(DATA[rows].mean()), "decides by a tensor's value"),
        (lambda rows: DATA[rows].sum() * DATA[rows].numpy().mean(), "reads a tensor's values"),
        (lambda rows: DATA[rows][DATA[rows] > 3].sum(), "depends on its values"),
        (lambda rows: (DATA[rows] * torch.rand(2)).sum(), "torch's own generator"),
    ],
    ids=["item", "numpy", "mask", "random"],
)
def test_what_a_replay_could_not_repeat_is_refused(step: Callable[..., torch.Tensor], reason: str) -> None:
    with pytest.raises(Uncapturable, match=reason):
        capture(step, ROWS_A, [])


def test_a_cuda_graph_is_given_new_rows_and_gives_a_loss_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a GPU: the graph is played by a stand-in that runs the step again on the graph's own memory."""

    class Graph:
        def replay(self) -> None:
            loss.copy_(DATA[place[0]].sum())

    class Context(contextlib.nullcontext):
        def wait_stream(self, _: object) -> None: ...

    place: list[torch.Tensor] = []
    loss = torch.zeros(())
    monkeypatch.setattr(torch.cuda, "Stream", Context)
    monkeypatch.setattr(torch.cuda, "current_stream", Context)
    monkeypatch.setattr(torch.cuda, "stream", contextlib.nullcontext)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "graph", contextlib.nullcontext)

    def step(rows: torch.Tensor) -> torch.Tensor:
        place[:] = [rows]
        return loss

    replay = as_cuda_graph(step, ROWS_A)
    losses = [replay(rows) for rows in (ROWS_B, ROWS_A)]
    assert [float(x) for x in losses] == [float(DATA[rows].sum()) for rows in (ROWS_B, ROWS_A)]


# ---------------------------------------------------------------------------------------- inductor


@pytest.mark.parametrize(
    ("compiled", "steps", "expected"),
    [
        (lambda _: pytest.fail("compiled"), 100, {"compiler": "none"}),
        (lambda function: function, 10**9, {"compiler": "none", "compile_seconds": ANY}),
        (lambda _: lambda rows: rows.sum() * 1.0, 10**9, {"refusal": "the compiled step has not done what the"}),
        (lambda _: lambda _: 1 / 0, 10**9, {"refusal": "ZeroDivisionError: division by zero"}),
    ],
    ids=["too short", "no faster", "wrong", "no compiler"],
)
def test_inductor_is_used_only_where_it_pays_and_trains_alike(
    compiled: Callable[..., object], steps: int, expected: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "compile", lambda function, **_: compiled(function))
    with draws.identical_masks():
        get_engine("torch").configure("float32", threads=1)
        model, split = prepare("adam")
        before = save_state(model)
        found = engine.compile_epoch(model, split, BATCH, steps).how
    assert {key: found[key] for key in expected} == expected or found["refusal"].startswith(str(expected["refusal"]))
    assert found["compiler"] == "none"
    for a, b in zip(before, save_state(model), strict=True):
        np.testing.assert_array_equal(a, b)


def test_inductor_is_used_where_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiled step that does the same in less time: here the same calls, with the captured ones held up."""
    original = engine.capture

    def slow(*args: object) -> object:
        captured = original(*args)

        def run(rows: torch.Tensor) -> torch.Tensor:
            time.sleep(0.002)
            return captured.run(rows)

        return replace(captured, run=run)

    monkeypatch.setattr(engine, "capture", slow)
    monkeypatch.setattr(torch, "compile", lambda function, **_: function)
    with draws.identical_masks():
        get_engine("torch").configure("float32", threads=1)
        model, split = prepare("adam")
        found = [engine.compile_epoch(model, split, BATCH, 10**6).how for _ in range(2)]
    assert found[0]["compiler"] == "inductor"
    assert found[1] == found[0]  # remembered, not measured anew

"""Shrinking against an oracle that is a function: what it finds is minimal, fails, and is the same each time."""

from __future__ import annotations

import math
import time

import pytest

from multibackend.reduce.candidate import Call, Candidate, Node, Source, Values
from multibackend.reduce.cost import measure
from multibackend.reduce.shrink import find_failing, shrink
from multibackend.reduce.simplify import CHANGES, bypass

LONG = math.inf


def dense(name: str, reads: str, units: int = 8) -> Node:
    return Node(name, Call("keras.layers.Dense", {"units": units, "use_bias": False, "activation": "relu"}), (reads,))


def chain(count: int, culprit: int) -> Candidate:
    nodes = [dense(f"h{i}", f"h{i - 1}" if i else "x0") for i in range(count)]
    nodes[culprit] = Node(f"h{culprit}", Call("keras.layers.Softmax", {"axis": 1}), nodes[culprit].inputs)
    source = Source("x0", (16,), Values("spread", mean=3.0))
    adam = Call("keras.optimizers.Adam", {"learning_rate": 0.1})
    return Candidate("update", tuple(nodes), (source,), loss="mae", optimizer=adam, rows=32, steps=5)


def has_culprit(candidate: Candidate) -> bool:
    return any(node.layer.function == "keras.layers.Softmax" for node in candidate.nodes)


@pytest.mark.parametrize(("count", "culprit"), [(1, 0), (2, 1), (9, 0), (9, 4), (9, 8), (40, 23)])
def test_only_the_layer_at_fault_is_left(count: int, culprit: int) -> None:
    smallest = shrink(chain(count, culprit), CHANGES, has_culprit, LONG)
    (node,) = smallest.nodes
    assert node.layer == Call("keras.layers.Softmax")
    assert node.inputs == ("x0",)
    assert smallest.sources == (Source("x0", (1,)),)
    assert (smallest.probe, smallest.loss, smallest.optimizer) == ("output", "mse", None)
    assert (smallest.rows, smallest.steps, smallest.weights) == (1, 1, "initial")


def test_what_the_failure_needs_is_kept() -> None:
    def fails(candidate: Candidate) -> bool:
        units = [node.layer.arguments.get("units", 0) for node in candidate.nodes]
        return has_culprit(candidate) and candidate.steps >= 3 and max(units, default=0) >= 4 and candidate.rows > 6

    smallest = shrink(chain(6, 2), CHANGES, fails, LONG)
    assert fails(smallest)
    assert len(smallest.nodes) == 2
    assert (smallest.steps, smallest.rows) == (3, 7)
    assert {"units": 4} in [node.layer.arguments for node in smallest.nodes]


def test_a_candidate_that_passes_is_never_kept() -> None:
    asked: dict[Candidate | str, bool] = {}

    def fails(candidate: Candidate) -> bool:
        verdict = has_culprit(candidate) and (len(candidate.nodes) != 3) and candidate.rows % 4 == 0
        asked[repr(candidate)] = verdict
        return verdict

    start = chain(7, 3)
    smallest = shrink(start, CHANGES, fails, LONG)
    assert fails(smallest)
    refused = [repr(other) for change in CHANGES for other in change(smallest) if measure(other) < measure(smallest)]
    assert refused
    assert not any(asked[text] for text in refused)  # minimal: all that is simpler was asked about, and passes


def test_it_is_deterministic() -> None:
    assert repr(shrink(chain(9, 4), CHANGES, has_culprit, LONG)) == repr(
        shrink(chain(9, 4), CHANGES, has_culprit, LONG)
    )


def test_when_the_time_is_over_the_last_that_failed_is_kept() -> None:
    start = chain(9, 4)
    assert shrink(start, CHANGES, has_culprit, time.monotonic() - 1) is start


def test_the_search_finds_the_first_that_fails_and_none_where_none_does() -> None:
    candidates = [chain(count, 0) for count in (3, 5, 7)]
    assert find_failing(candidates, lambda c: len(c.nodes) > 3, LONG) is candidates[1]
    assert find_failing(candidates, lambda _: False, LONG) is None


def test_without_a_layer_its_reader_reads_what_it_read() -> None:
    both = Node("sum", Call("keras.layers.Add"), ("h0", "h1"), listed=True)
    graph = Candidate("output", (dense("h0", "x0"), dense("h1", "x1"), both), (Source("x0", (8,)), Source("x1", (8,))))
    less = bypass(graph, 1, 2)
    assert less.nodes[-1].inputs == ("h0", "x1")
    without_any = bypass(graph, 2, 3)  # the last: what is left is what stands before it
    assert [node.name for node in without_any.nodes] == ["h1"]
    assert [source.name for source in without_any.sources] == ["x1"]


def test_a_shared_layer_whose_first_call_goes_is_made_at_its_second() -> None:
    second = Node("h1", dense("h1", "h0").layer, ("h0",), shared="h0")
    graph = Candidate("output", (dense("h0", "x0"), second), (Source("x0", (8,)),))
    (left,) = bypass(graph, 0, 1).nodes
    assert (left.inputs, left.shared) == (("x0",), "")

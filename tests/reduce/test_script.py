"""Scripts: their text is Python, of at most 120 columns, and says what a candidate says."""

from __future__ import annotations

import ast

import pytest

from multibackend.reduce.candidate import PROBES, Call, Candidate, Name, Node, Source, Values
from multibackend.reduce.expression import WIDTH, write_value
from multibackend.reduce.script import count_lines, write_body, write_script
from multibackend.reduce.transport import decode, encode

LAYER = Call("keras.layers.Dense", {"units": 2, "kernel_regularizer": Call("keras.regularizers.L2", {"l2": 0.1})})
ADAM = Call("keras.optimizers.Adam", {"learning_rate": 0.1})


def single(probe: str = "output") -> Candidate:
    return Candidate(probe, (Node("h0", LAYER, ("x0",)),), (Source("x0", (3,)),), optimizer=ADAM)  # type: ignore[arg-type]


@pytest.mark.parametrize("probe", PROBES)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_every_probe_is_a_short_script_that_makes_got(probe: str, precision: str) -> None:
    body = write_body(single(probe).but(precision=precision), {})
    names = {n.id for n in ast.walk(ast.parse(body)) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    assert "got" in names
    script = write_script(["It differs."], body, [1.0, 2.5], 1e-6)
    ast.parse(script)
    assert count_lines(script) <= 30
    assert max(map(len, script.splitlines())) <= WIDTH
    assert "expected = [1.0, 2.5]" in script


def test_values_are_written_as_python() -> None:
    assert write_value(LAYER) == "keras.layers.Dense(units=2, kernel_regularizer=keras.regularizers.L2(l2=0.1))"
    assert write_value(Name("swish")) == "swish"
    assert write_value([(1,), {"a": None}]) == '[(1,), {"a": None}]'


def test_values_travel_as_json() -> None:
    for value in (LAYER, Name("swish"), [(1, 2.5), {"a": None, "b": True}], "text"):
        assert decode(encode(value)) == value
    with pytest.raises(TypeError, match="complex"):
        encode(1j)


def test_a_graph_calls_each_layer_on_what_it_reads_and_a_shared_one_twice() -> None:
    nodes = (
        Node("h0", LAYER, ("x0",)),
        Node("h1", LAYER, ("x1",), shared="h0"),
        Node("h2", Call("keras.layers.Add"), ("h0", "h1"), listed=True),
    )
    body = write_body(Candidate("output", nodes, (Source("x0", (3,)), Source("x1", (3,), Values("positive")))), {})
    assert body.count("keras.layers.Dense") == 1
    assert "h1 = layer_h0(x1_in)" in body
    assert "h2 = keras.layers.Add()([h0, h1])" in body
    assert "model = keras.Model([x0_in, x1_in], h2)" in body


def test_a_long_line_is_broken_within_its_brackets() -> None:
    metrics = tuple(f"metric_number_{i}" for i in range(12))
    body = write_body(single("evaluate").but(metrics=metrics), {})
    ast.parse(body)
    assert max(map(len, body.splitlines())) <= WIDTH


def test_the_users_own_definitions_stand_before_their_use() -> None:
    own = Candidate("output", (Node("h0", Call(Name("Scale")), ("x0",)),), (Source("x0", (3,)),))
    body = write_body(own, {"Scale": "class Scale(keras.layers.Layer):\n    pass"})
    assert body.index("class Scale") < body.index("Scale()")

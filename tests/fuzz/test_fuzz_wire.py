"""Whatever a submission's process sends, the judge has a value, or knows that it is none, in bounded memory."""

from __future__ import annotations

import json
import socket
import struct
import time
import tracemalloc
from typing import Any

import numpy as np
from foreign import words
from hypothesis import example, given
from hypothesis import strategies as st

from multibackend.course import wire

EXPECTED = (wire.Malformed, EOFError, TimeoutError)

MOST_TIMES, MOST_EXTRA = 60, 1 << 21
"""Python's values of a text of JSON take so many times its bytes; and what reading itself takes."""


def receive(content: bytes) -> Any:
    """What the judge makes of bytes that came and then no more; the one place that knows `wire`'s functions."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(5)
        theirs.sendall(content)  # as much as a socket keeps: 200 kB
        theirs.shutdown(socket.SHUT_WR)
        return wire.receive(ours, lambda description: ("handle", str(description)), time.monotonic() + 5)


def survive(content: bytes) -> None:
    """Receive bytes; only what is expected is raised, and memory stays in proportion to what was sent."""
    tracemalloc.start()
    try:
        receive(content)
    except EXPECTED:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < MOST_TIMES * len(content) + MOST_EXTRA


def frame(value: Any, rest: bytes = b"") -> bytes:
    """A message with a head and bytes behind it."""
    head = value if isinstance(value, bytes) else json.dumps(value).encode()
    return struct.pack(">Q", len(head)) + head + rest


dtypes = st.sampled_from(
    ["<f8", "<f4", "|b1", "<i8", ">u2", "|O", "<U9", "|V8", "|S0", "<M8[s]", "f8,f8", "(9,9)f8", "x", "", "f999999999"]
)
sizes = st.one_of(st.integers(-2, 3), st.sampled_from([1 << 31, 1 << 63, 1 << 70]), st.floats(), st.none(), words)
arrays = st.fixed_dictionaries({"array": st.tuples(st.one_of(dtypes, words), st.lists(sizes, max_size=4)).map(list)})
packed = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), words, arrays),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(["list", "dict", "array", "handle"]), words), inner, max_size=2),
        st.builds(lambda kind, items: {kind: items}, st.sampled_from(["list", "tuple"]), st.lists(inner, max_size=4)),
        st.builds(lambda items: {"dict": items}, st.dictionaries(words, inner, max_size=3)),
    ),
    max_leaves=10,
)  # fmt: skip


@given(st.binary(max_size=200))
@example(b"")
@example(b"\xff" * 8)
@example(struct.pack(">Q", 1 << 28))
@example(struct.pack(">Q", 1 << 63))
def test_bytes_of_any_kind(content: bytes) -> None:
    survive(content)


@given(st.binary(max_size=200), st.binary(max_size=64))
@example(b"[" * 100_000, b"")
@example(b'{"list":[' * 10_000 + b"]}" * 10_000, b"")
@example(b"9" * 10_000, b"")
@example(b"\xff\xfe", b"")
def test_heads_of_any_kind(head: bytes, rest: bytes) -> None:
    survive(frame(head, rest))


@given(packed, st.binary(max_size=256))
@example({"array": ["<f8", [1 << 25]]}, b"")
@example({"list": [{"array": ["<f8", [0, 1 << 62]]}]}, b"")
@example({"list": [{"array": ["|S0", [1 << 40]]}]}, b"")
@example({"array": ["<f8", [1, -1]]}, b"")
@example({"array": ["<f8", [True]]}, bytes(8))
def test_values_of_any_kind(value: Any, rest: bytes) -> None:
    survive(frame(value, rest))


plain_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(), inner, max_size=3),
    ),
    max_leaves=8,
)


@given(plain_values)
def test_what_is_sent_arrives(value: Any) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire.send(theirs, {"value": value, "array": np.arange(3.0)}, lambda _: {"handle": 0})
        theirs.shutdown(socket.SHUT_WR)
        content = b""
        while part := ours.recv(1 << 16):
            content += part
    received = receive(content)
    assert received["value"] == value
    np.testing.assert_array_equal(received["array"], np.arange(3.0))

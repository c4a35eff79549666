"""A judge reads messages of a submission that are ours, in time and of bounded size, or nothing."""

from __future__ import annotations

import json
import math
import resource
import socket
import struct
import threading
import time
from contextlib import suppress

import numpy as np
import pytest

from multibackend.course import wire
from multibackend.course.remote import Ended, Link, OutOfTime


def frame(head):
    content = head if isinstance(head, bytes) else json.dumps(head).encode()
    return struct.pack(">Q", len(content)) + content


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def say(theirs, content):
    """Send from beside: a large message fills the socket before it is read."""

    def send():
        with suppress(OSError):
            theirs.sendall(content)
            theirs.shutdown(socket.SHUT_WR)

    threading.Thread(target=send, daemon=True).start()


def receive(ours, seconds=20.0):
    return wire.receive(ours, lambda description: description, time.monotonic() + seconds)


@pytest.mark.parametrize(
    "value",
    [
        None, True, 3, 2.5, "text", "é 層", [1, [2, (3,)]], {"a": {"b": []}}, (), math.inf,
        np.arange(6.0).reshape(2, 3), np.zeros((0, 4), "int8"), np.array(True),
    ],
)  # fmt: skip
def test_what_is_sent_is_what_arrives(pair, value):
    ours, theirs = pair
    wire.send(theirs, value, lambda _: {})
    got = receive(ours)
    assert type(got) is type(value)
    assert repr(got) == repr(value)


@pytest.mark.parametrize(
    "head",
    [
        b"", b"{", b"\xff\xfe", b"[" * 500_000, b'{"list":' * 100_000, b"1" * 5000, {"handle": 1, "class": 2},
        {"list": 5}, {"dict": []}, {"tuple": {}}, [], {"array": ["O", [1]]}, {"array": ["f8", [-1]]},
        {"array": ["f8", [1.5]]}, {"array": ["f8", [True]]}, {"array": ["f8", [0, 10**30]]},
        {"array": ["f8", [1] * 70]}, {"array": ["(2,)f8", [1]]}, {"array": ["f8,i4", [1]]},
        {"array": ["nonsense", [1]]}, {"array": ["f8", [10**18]]},
        {"array": ["S0", [10**9]]}, {"array": ["M8[s]", [1]]},
        {"array": ["(1,f8", [2]]}, {"array": ["f8,(2", [2]]}, {"array": ["f8", [10**9 - 1] * 90_000]},
    ],
    ids=lambda head: str(head)[:40],
)  # fmt: skip
def test_what_is_no_message_is_called_so(pair, head):
    ours, theirs = pair
    say(theirs, frame(head) + bytes(64))

    def resolve(_description):
        raise wire.Malformed("no handle is known here")

    with pytest.raises(wire.Malformed) as raised:
        wire.receive(ours, resolve, time.monotonic() + 20)
    assert len(str(raised.value)) < 1000


@pytest.mark.parametrize("length", [wire.LARGEST_HEAD_BYTES + 1, 1 << 26, 1 << 62, (1 << 64) - 1])
def test_a_long_head_is_not_even_read(pair, length):
    ours, theirs = pair
    theirs.sendall(struct.pack(">Q", length))
    with pytest.raises(wire.Malformed, match="at most"):
        receive(ours)


def test_all_arrays_of_a_message_share_one_bound(pair):
    ours, theirs = pair
    number = wire.LARGEST_BYTES // wire.LARGEST_ARRAY_BYTES
    array = {"array": ["u1", [wire.LARGEST_ARRAY_BYTES]]}
    say(theirs, frame({"list": [array] * number + [{"array": ["u1", [1]]}]}) + bytes(wire.LARGEST_BYTES + 1))
    with pytest.raises(wire.Malformed, match="expected at most 0"):
        receive(ours)


def test_a_large_array_is_not_even_read(pair):
    ours, theirs = pair
    theirs.sendall(frame({"array": ["u1", [wire.LARGEST_ARRAY_BYTES + 1]]}))
    with pytest.raises(wire.Malformed, match="at most"):
        receive(ours)


def test_a_small_head_costs_little_memory():
    """The densest heads of 1 MiB: empty objects and lists, each a hundred bytes here."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for item in (b'{"list":[]}', b"{}", b"0", b'""'):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            number = (wire.LARGEST_HEAD_BYTES - 16) // (len(item) + 1)
            say(theirs, frame(b'{"list":[' + b",".join([item] * number) + b"]}"))
            with suppress(wire.Malformed):
                receive(ours)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # KiB


def test_half_a_character_becomes_one_that_can_be_written(pair):
    ours, theirs = pair
    theirs.sendall(frame({"dict": {"\ud800": "a\udfffb"}}))
    assert receive(ours) == {"?": "a?b"}


def test_one_deadline_for_a_whole_answer_however_slowly_it_comes(pair):
    """A byte now and then keeps nobody waiting."""
    ours, theirs = pair
    stop = threading.Event()

    def drip():
        theirs.sendall(struct.pack(">Q", 1000))
        while not stop.wait(0.05):
            with suppress(OSError):
                theirs.sendall(b" ")

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        with pytest.raises(OutOfTime):
            Link(ours, 0.5).wait()
    finally:
        stop.set()
        thread.join()


def test_an_array_has_the_same_deadline(pair):
    ours, theirs = pair
    theirs.sendall(frame({"array": ["u1", [1000]]}) + bytes(10))
    with pytest.raises(OutOfTime):
        Link(ours, 0.3).wait()


def test_a_question_that_nobody_reads_has_it_too(pair):
    ours, _theirs = pair
    with pytest.raises(OutOfTime):
        Link(ours, 0.3).tell(np.zeros(1 << 23))


def test_what_is_too_large_to_say_is_not_begun(pair):
    ours, theirs = pair
    with pytest.raises(wire.TooLarge):
        wire.send(theirs, ["x" * 1000] * 5000, lambda _: {})
    wire.send(theirs, wire.Kept(["x"]), lambda value: {"handle": 7, "class": type(value).__name__})
    assert receive(ours) == {"handle": 7, "class": "list"}


def test_a_class_name_has_no_effect_where_it_is_shown(pair):
    ours, theirs = pair
    theirs.sendall(frame({"dict": {"value": {"handle": 1, "class": "\x1b[2J\n" + "x" * 10_000}}}))
    assert repr(Link(ours, 5).wait()) == f"<{'x' * 79}…>"


@pytest.mark.parametrize("answer", [1, {"list": []}, {"dict": {}}, {"dict": {"raised": 3}}])
def test_another_answer_than_asked_for_ends_it(pair, answer):
    ours, theirs = pair
    theirs.sendall(frame(answer))
    with pytest.raises(Ended):
        Link(ours, 5).wait()


class Unknown:
    pass


@pytest.mark.parametrize(
    "value",
    [Unknown(), np.array([Unknown()]), {1: 2}, {3}, type("Int", (int,), {})(5), np.array(["a"])],
    ids=lambda value: type(value).__name__,
)
def test_anything_else_stays_where_it_is(pair, value):
    ours, theirs = pair
    wire.send(theirs, value, lambda _: {"handle": 7, "class": "X"})
    assert receive(ours) == {"handle": 7, "class": "X"}


def test_a_single_number_of_numpy_travels_as_it_is(pair):
    ours, theirs = pair
    wire.send(theirs, np.float32(0.5), lambda _: {})
    assert receive(ours) == 0.5


@pytest.mark.parametrize("content", [b"", b"\0" * 7, b"\0" * 7 + b"\x09{}", frame({"array": ["f8", [2]]}) + bytes(15)])
def test_half_a_message_is_the_end(pair, content):
    ours, theirs = pair
    say(theirs, content)
    with pytest.raises(EOFError):
        receive(ours)

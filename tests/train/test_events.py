"""Events: what a worker says is heard, and what anything else writes isn't."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from multibackend.train.events import LONGEST_EVENT, Receiver, Sender


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def send_raw(receiver: Receiver, datagram: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto(datagram, receiver.address)


def test_events_arrive_in_order_without_the_secret(receiver: Receiver) -> None:
    send = Sender(receiver.address, receiver.secret)
    events = [{"event": "epoch", "epoch": i, "text": "é\n" * 100} for i in range(3)]
    for event in events:
        send(event)
    assert list(receiver.read()) == events
    assert list(receiver.read()) == []


@pytest.mark.parametrize(
    "datagram",
    [b"", b"\xff\x00", b"[1]", b"{", b'{"event": "done"}', b'{"event": "done", "secret": 3}', b"[" * 60_000],
)
def test_what_carries_no_secret_is_dropped_and_spoils_nothing(receiver: Receiver, datagram: bytes) -> None:
    send = Sender(receiver.address, receiver.secret)
    send({"event": "start"})
    send_raw(receiver, datagram)
    send_raw(receiver, json.dumps({"event": "done", "secret": receiver.secret[:-1]}).encode())
    send({"event": "done"})
    assert [event["event"] for event in receiver.read()] == ["start", "done"]


def test_a_sender_holds_no_descriptor(receiver: Receiver) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    send = Sender(receiver.address, receiver.secret)
    assert len(list(Path("/dev/fd").iterdir())) == before
    send({"event": "start"})
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_a_long_event_fits(receiver: Receiver) -> None:
    Sender(receiver.address, receiver.secret)({"reason": "x" * (LONGEST_EVENT // 2)})
    assert len(next(receiver.read())["reason"]) == LONGEST_EVENT // 2


def test_two_receivers_have_different_secrets_and_leave_nothing_behind() -> None:
    receivers = Receiver(), Receiver()
    assert receivers[0].secret != receivers[1].secret
    for receiver in receivers:
        assert Path(receiver.folder).stat().st_mode & 0o777 == 0o700
        receiver.close()
        assert not Path(receiver.folder).exists()


def test_a_long_folder_for_temporary_files_is_gone_around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    receiver = Receiver()
    Sender(receiver.address, receiver.secret)({"event": "start"})
    assert len(list(receiver.read())) == 1
    receiver.close()
    assert list(long.iterdir()) == []


SPEAKER = """
import os, sys
from multibackend.train.events import Sender
send = Sender(*sys.argv[1:3])
send({"event": "start"})
if os.fork() == 0:
    send({"event": "forged by a fork"})
    print("never reached", flush=True)
os.wait()
send({"event": "end"})
"""


def speak(receiver: Receiver) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", SPEAKER, receiver.address, receiver.secret]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=os.environ)


def test_a_forked_process_that_comes_back_to_us_says_nothing_and_ends(receiver: Receiver) -> None:
    spoken = speak(receiver)
    assert [event["event"] for event in receiver.read()] == ["start", "end"]
    assert (spoken.returncode, spoken.stdout) == (0, "")


def test_a_worker_that_nobody_hears_ends_and_says_why() -> None:
    receiver = Receiver()
    receiver.close()
    spoken = speak(receiver)
    assert spoken.returncode == 1
    assert "nobody listens to this worker" in spoken.stderr

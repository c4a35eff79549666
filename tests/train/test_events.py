"""Events: what a worker says is heard, and what anything else writes isn't."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.stage import wait_for

from multibackend.train import events
from multibackend.train.events import LONGEST_DATAGRAM, Receiver, Sender, make_folder, make_secret, send_message

SECRET = make_secret()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    folder = make_folder()
    receiver = Receiver(f"{folder}/events", SECRET)
    yield receiver
    receiver.close()
    shutil.rmtree(folder)


def send_raw(receiver: Receiver, datagram: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto(datagram, receiver.address)


def test_events_arrive_in_order_without_the_secret(receiver: Receiver) -> None:
    send = Sender(receiver.address, SECRET)
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
    send = Sender(receiver.address, SECRET)
    send({"event": "start"})
    send_raw(receiver, datagram)
    send_raw(receiver, json.dumps({"event": "done", "secret": SECRET[:-1]}).encode())
    send({"event": "done"})
    assert [event["event"] for event in receiver.read()] == ["start", "done"]


def test_a_sender_holds_no_descriptor(receiver: Receiver) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    send = Sender(receiver.address, SECRET)
    assert len(list(Path("/dev/fd").iterdir())) == before
    send({"event": "start"})
    assert len(list(Path("/dev/fd").iterdir())) == before


@pytest.mark.parametrize("length", [LONGEST_DATAGRAM // 2, LONGEST_DATAGRAM, 1 << 21])
def test_a_long_event_fits_and_leaves_no_file(receiver: Receiver, length: int) -> None:
    Sender(receiver.address, SECRET)({"reason": "x" * length})
    (event,) = receiver.read()
    assert event == {"reason": "x" * length}
    assert [path.name for path in Path(receiver.address).parent.iterdir()] == ["events"]


@pytest.mark.parametrize("name", ["gone", "../events", "/etc/hostname", 3])
def test_a_long_event_whose_file_is_not_there_is_dropped(receiver: Receiver, name: object) -> None:
    send_message(receiver.address, SECRET, {events.IN_FILE: name})
    Sender(receiver.address, SECRET)({"event": "done"})
    assert [event.get("event") for event in receiver.read()][-1] == "done"


def test_a_file_without_the_secret_is_dropped(receiver: Receiver) -> None:
    Path(receiver.address).with_name("forged").write_text('{"event": "forged", "secret": ""}')
    send_message(receiver.address, SECRET, {events.IN_FILE: "forged"})
    assert list(receiver.read()) == []


def test_one_question_after_another_is_heard_and_answered(receiver: Receiver) -> None:
    """The worker is a thread here; it ends with the question that says so, and holds a socket only while it waits."""
    heard: list[object] = []

    def work() -> None:
        send, answer = Sender(receiver.address, SECRET), "ready"
        while answer is not None:
            answer = send.hear_question({"answer": answer})["number"]
            with pytest.raises(ConnectionRefusedError):
                send_message(events.name_questions(receiver.address), SECRET, {"number": "nobody hears"})
            heard.append(answer)

    worker = threading.Thread(target=work)
    worker.start()
    for said, asked in (("ready", 1), (1, "2" * LONGEST_DATAGRAM), ("2" * LONGEST_DATAGRAM, None)):
        wait_for(lambda said=said: list(receiver.read()) == [{"answer": said}])
        send_message(events.name_questions(receiver.address), "another secret", {"number": "forged"})
        send_message(events.name_questions(receiver.address), SECRET, {"number": asked})
    worker.join(60)
    assert heard == [1, "2" * LONGEST_DATAGRAM, None]


def test_two_folders_and_secrets_differ_and_nobody_else_may_enter() -> None:
    folders = make_folder(), make_folder()
    assert folders[0] != folders[1]
    assert make_secret() != make_secret()
    for folder in folders:
        assert Path(folder).stat().st_mode & 0o777 == 0o700
        Path(folder).rmdir()


def test_a_long_folder_for_temporary_files_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    folder = make_folder()
    receiver = Receiver(f"{folder}/questions", SECRET)
    Sender(receiver.address, SECRET)({"event": "start"})
    assert len(list(receiver.read())) == 1
    receiver.close()
    shutil.rmtree(folder)
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
    command = [sys.executable, "-c", SPEAKER, receiver.address, SECRET]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=os.environ)


def test_a_forked_process_that_comes_back_to_us_says_nothing_and_ends(receiver: Receiver) -> None:
    spoken = speak(receiver)
    assert [event["event"] for event in receiver.read()] == ["start", "end"]
    assert (spoken.returncode, spoken.stdout) == (0, "")


def test_a_worker_that_nobody_hears_ends_and_says_why() -> None:
    folder = make_folder()
    receiver = Receiver(f"{folder}/events", SECRET)
    receiver.close()
    shutil.rmtree(folder)
    spoken = speak(receiver)
    assert spoken.returncode == 1
    assert "nobody listens to this worker" in spoken.stderr

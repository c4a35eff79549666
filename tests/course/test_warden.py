"""Whatever a submission's process starts is gone when its warden is, also where there are no namespaces."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest

from multibackend.course.warden import guard

LINUX = Path("/proc/self/task").exists()


def start(begin, seconds=30.0, examiner=None):
    """A warden in a process of its own; return it with the judge's end of the leash."""
    ours, theirs = socket.socketpair()
    examiner = examiner or os.getpid()
    warden = os.fork()
    if not warden:
        with suppress(BaseException):
            ours.close()
            guard(theirs, seconds, None, begin, examiner)
        os._exit(0)
    theirs.close()
    return warden, ours


def wait_for_end(warden, leash):
    leash.settimeout(20)
    assert leash.recv(1) == b"", "the warden closes its end last"
    os.waitpid(warden, 0)
    leash.close()


def read_numbers(path, count):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        numbers = path.read_text().split() if path.exists() else []
        if len(numbers) >= count:
            return [int(number) for number in numbers]
        time.sleep(0.01)
    raise AssertionError(f"{path}: fewer than {count} processes began")


def lives(number):
    with suppress(OSError):
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def note(path):
    with path.open("a") as file:
        file.write(f"{os.getpid()}\n")


def hold_on(path):
    """Do what a process can to outlive its examination."""
    note(path)
    for number in range(1, 65):
        with suppress(OSError, ValueError):
            import signal

            signal.signal(number, signal.SIG_IGN)
    if not os.fork():
        os.setsid()
        os.closerange(0, 256)
        note(path)
        if not os.fork():
            os.setsid()
            note(path)
    time.sleep(1000)


@pytest.mark.skipif(not LINUX, reason="only Linux hands orphans to a process that asks for them")
def test_letting_go_ends_all_descendants(tmp_path):
    path = tmp_path / "processes"
    warden, leash = start(lambda: hold_on(path))
    numbers = read_numbers(path, 3)
    leash.shutdown(socket.SHUT_WR)
    wait_for_end(warden, leash)
    assert not [number for number in numbers if lives(number)]


def test_an_examiner_that_was_gone_before_the_warden_began_ends_all_too(tmp_path):
    """The kernel tells a process of its parent's end from the moment on at which it asks for that."""
    path = tmp_path / "processes"
    gone = os.fork()
    if not gone:
        os._exit(0)
    os.waitpid(gone, 0)
    warden, leash = start(lambda: hold_on(path), examiner=gone)
    wait_for_end(warden, leash)  # not as long as the 30 s that it has
    assert not [int(number) for number in (path.read_text().split() if path.exists() else []) if lives(number)]


@pytest.mark.skipif(not LINUX, reason="only Linux hands orphans to a process that asks for them")
def test_a_judge_that_is_gone_ends_all_too(tmp_path):
    path = tmp_path / "processes"
    warden, leash = start(lambda: hold_on(path))
    numbers = read_numbers(path, 3)
    leash.close()
    os.waitpid(warden, 0)
    assert not [number for number in numbers if lives(number)]


def test_time_ends_it(tmp_path):
    path = tmp_path / "processes"
    warden, leash = start(lambda: (note(path), time.sleep(1000)), seconds=0.5)
    numbers = read_numbers(path, 1)
    wait_for_end(warden, leash)
    assert not [number for number in numbers if lives(number)]


def test_a_process_that_ends_takes_what_it_left_with_it(tmp_path):
    path = tmp_path / "processes"

    def leave():
        note(path)
        if not os.fork():
            os.setsid()
            note(path)
            time.sleep(1000)
        read_numbers(path, 2)

    warden, leash = start(leave)
    numbers = read_numbers(path, 2)
    wait_for_end(warden, leash)
    assert not LINUX or not [number for number in numbers if lives(number)]


def test_a_warden_that_is_asked_to_end_ends_all_first(tmp_path):
    import signal

    path = tmp_path / "processes"
    warden, leash = start(lambda: (note(path), time.sleep(1000)))
    numbers = read_numbers(path, 1)
    os.kill(warden, signal.SIGTERM)
    wait_for_end(warden, leash)
    assert not [number for number in numbers if lives(number)]

"""A child: it is asked many questions, and however it ends, that is said and nothing of it is left."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fakes.stage import is_alive, python_path, wait_for

from multibackend.errors import MultibackendError
from multibackend.launch.child import Child, Ending, stop
from multibackend.train.events import LONGEST_DATAGRAM

ANSWERING = """
import os, signal, sys, time
from multibackend.train.events import read_request

request, answer = read_request()
said = {"ready": request["name"], "pid": os.getpid()}
while True:
    question = answer.hear_question(said)
    print("asked", flush=True)
    match question["do"]:
        case "echo":
            said = {"echo": question["text"]}
        case "exit":
            sys.exit("the last words")
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(600)
        case "write everywhere":
            for number in range(3, 256):
                try:
                    os.write(number, b'{"echo": "forged"}')
                except OSError:
                    pass
            said = {"echo": "written"}
        case "read input":
            said = {"echo": sys.stdin.read()}
        case "close everywhere":
            os.closerange(3, 4096)
            said = {"echo": "closed"}
        case "fork":
            if os.fork() == 0:
                answer({"echo": "forged"})
            os.wait()
            said = {"echo": "forked"}
"""


@contextmanager
def start(log: Path, request: Mapping[str, Any] | None, code: str) -> Iterator[Child]:
    child = Child([sys.executable, "-c", code], {**os.environ, "PYTHONPATH": python_path()}, log, request)
    try:
        yield child
    finally:
        stop([child])


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Child]:
    with start(tmp_path / "logs" / "log", {"name": "one"}, ANSWERING) as child:
        greeting = child.wait_for_event(60)
        assert greeting is not None
        assert greeting["ready"] == "one"
        yield child
    assert not is_alive(greeting["pid"])


def test_questions_get_answers_in_order(child: Child) -> None:
    for text in ("first", "x" * 2 * LONGEST_DATAGRAM, "é\n"):
        child.ask({"do": "echo", "text": text})
        assert child.wait_for_event(60) == {"echo": text}


@pytest.mark.parametrize(
    ("do", "answer"),
    [("write everywhere", "written"), ("close everywhere", "closed"), ("read input", ""), ("fork", "forked")],
)
def test_what_a_model_does_forges_no_answer_and_takes_no_question(child: Child, do: str, answer: str) -> None:
    child.ask({"do": do})
    assert child.wait_for_event(60) == {"echo": answer}
    child.ask({"do": "echo", "text": "still there"})
    assert child.wait_for_event(60) == {"echo": "still there"}


@pytest.mark.parametrize("do", ["exit", "die"])
def test_one_that_ends_gives_no_answer_and_no_error(child: Child, do: str) -> None:
    child.ask({"do": do})
    assert child.wait_for_event(60) is None
    child.ask({"do": "echo", "text": "nobody hears"})
    assert child.wait_for_event(60) is None
    assert child.last_log_line() == ("the last words" if do == "exit" else "asked")


def test_one_that_hangs_gives_no_answer_in_time_and_is_killed(child: Child) -> None:
    child.ask({"do": "hang"})
    assert child.wait_for_event(0.2) is None
    assert not child.has_exited


@pytest.mark.parametrize(
    ("code", "number", "said"),
    [
        ("import sys; sys.exit(3)", 3, "the worker exited with code 3"),
        ("import os; os.kill(os.getpid(), 9)", -9, "killed by signal 9 (SIGKILL); often the machine ran out of memory"),
        ("import os; os.kill(os.getpid(), 11)", -11, "killed by signal 11 (SIGSEGV)"),
    ],
)
def test_its_ending_is_a_number_and_a_sentence(tmp_path: Path, code: str, number: int, said: str) -> None:
    child = Child([sys.executable, "-c", code], os.environ, tmp_path / "log", None)
    assert child.wait_for_event(60) is None
    ending = child.close()
    assert ending == Ending(number)
    assert str(ending) == said


def test_without_a_request_its_input_is_empty_and_its_words_are_in_the_log(tmp_path: Path) -> None:
    code = "import sys; print(repr(sys.stdin.read())); print('wrong', file=sys.stderr)"
    with start(tmp_path / "log", None, code) as child:
        assert child.wait_for_event(60) is None
        assert child.has_exited
        assert child.read_last_lines() == ["''", "wrong"]


def test_one_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    """The parent is killed, and can't say goodbye."""
    reading, writing = os.pipe()
    parent = os.fork()
    if parent == 0:
        child = Child([sys.executable, "-c", ANSWERING], {**os.environ, "PYTHONPATH": python_path()}, tmp_path / "log",
                      {"name": "one"})  # fmt: skip
        greeting = child.wait_for_event(60) or {"pid": 0}
        os.write(writing, str(greeting["pid"]).encode())
        time.sleep(600)
        os._exit(0)
    os.close(writing)
    worker = int(os.read(reading, 100))
    os.close(reading)
    assert is_alive(worker)
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    wait_for(lambda: not is_alive(worker))


def test_a_command_that_cannot_be_started_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    with pytest.raises(MultibackendError, match="can't be started") as raised:
        Child([str(tmp_path / "python")], os.environ, tmp_path / "log", {})
    assert "\n" not in str(raised.value)
    assert len(list(Path("/dev/fd").iterdir())) == before

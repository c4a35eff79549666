"""No submission passes by anything but being right, reaches what isn't its own, or leaves anything behind.

Each file in `escapes/KIND/` is handed in as an answer to A1, once to a judge who is root and once to an ordinary user,
in an arena: namespaces with secrets in them, in which everything is counted before and after. An escape may earn what
is right in it. None may learn a secret, say that it reached what it mustn't, outlive its examination, or harm the next.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import machine
import pytest
from arena import Arena

from multibackend.course.examination import Examiner
from multibackend.course.exercise import find
from multibackend.course.limits import Limits
from multibackend.course.verdict import Submission

FOLDER = Path(__file__).parent / "escapes"
ALL = sorted(FOLDER.glob("*/*.py"))
BACKEND = os.environ["KERAS_BACKEND"]
ESCAPES = [path for path in ALL if BACKEND == "torch" or path == min(path.parent.glob("*.py"))]
"""All are tried on one backend, and one of each kind on the others: walls know nothing of what they surround."""

NAMES = ("root", "user")
USERS = [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in NAMES]
"""The users of a judge; one process of tests has all of a user's, because making an arena imports a framework."""

SECONDS = 3.0
"""The time for one escape."""

LONGER_SECONDS = 10.0
LONGER = ("descriptors", "files_outside", "memory", "other_students", "solution_lookup")
"""Kinds that take another's answer or much memory, if they can: they need time to show it."""

SLACK_SECONDS = 12.0
"""The time to build walls, and to end a process that filled memory, on a busy machine."""

LITTLE_MEMORY = 1 << 30
MEMORY_BYTES = {"memory": LITTLE_MEMORY, "disk": LITTLE_MEMORY, "threads": LITTLE_MEMORY}
"""Memory of a kind's escapes, which show as much with less."""

LARGEST_GROWTH_BYTES = 600 << 20
"""The most by which one submission makes a judge grow; a message may have 256 MiB of arrays."""

MOST_CHARACTERS = 1000
"""The most characters in the feedback on a point."""

EARNED = {
    "deadline/endless_call": 1,
    "outliving/not_with_its_parent_when_asked": 2,
    "threads/one_answers_while_others_go_on": 2,
    "environment/random_state": 2,
    "wire/two_for_one": 2,
    "judge_objects/lying_class": 1,
    "judge_objects/bytes_that_become_numbers": 1,
    "judge_objects/layers_of_layers": 1,
    "judge_objects/not_a_number": 1,
}
"""Marks for what is right in them: a layer without weights, or with sixty neurons, but nothing else of it."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="isolation is Linux's")


def name_of(path):
    return f"{path.parent.name}/{path.stem}"


@pytest.fixture(scope="module")  # other modules' tests leave descriptors of their own
def arenas():
    """Arenas of this process's by user, each made when it is first asked for."""
    before = count_ours()
    made = {}

    def get(user):
        if user == "root" and os.getuid() != 0:
            pytest.skip("only root can be root")
        if user not in made:
            made[user] = Arena(user, BACKEND)
        return made[user]

    yield get
    for arena in made.values():
        arena.close()
    left = machine.differences(before, count_ours())
    assert not left, left


def count_ours():
    """Count what is this process's own, and what is the machine's."""
    return machine.snapshot() | {
        "processes": list(machine.processes(os.getpid()).values()),
        "descriptors": [str(machine.count_descriptors("self"))],
        "threads": [str(threading.active_count()), str(len(machine.list_names("/proc/self/task")))],
        "folder": [str(Path.cwd())],
    }


def find_faults(report, name):
    """Say all that an escape has done that it mustn't."""
    faults = [f"left: {line}" for line in report["left"]]
    if report["judge"] != "answered":
        return [f"the judge {report['judge']}", *faults]
    if report["error"]:
        return [f"the judge raised {report['error']}", *faults]
    if report["passed"] or report["marks"] > EARNED.get(name, 0):
        faults.append(f"{report['marks']} marks")
    if report["secrets"]:
        faults.append(f"reached: {report['verdicts'][0]}")
    if not all(text.isprintable() and len(text) <= MOST_CHARACTERS for text in report["verdicts"]):
        faults.append(f"words that aren't safe to show: {report['verdicts'][0][:200]!r}")
    if report["judge_seconds"] > LONGER_SECONDS + SLACK_SECONDS:
        faults.append(f"{report['judge_seconds']:.0f} s")
    if report["judge_bytes"] > LARGEST_GROWTH_BYTES:
        faults.append(f"the judge grew by {report['judge_bytes'] >> 20} MiB")
    if not report["next_passes"]:
        faults.append("the next submission, a right one, doesn't pass")
    return faults


def hand_in(arena, path):
    memory_bytes = MEMORY_BYTES.get(path.parent.name, Limits().memory_bytes)
    seconds = LONGER_SECONDS if path.parent.name in LONGER else SECONDS
    return arena.examine(path.read_text(encoding="utf-8"), seconds=seconds, memory_bytes=memory_bytes)


@pytest.mark.parametrize("user", USERS)
def test_the_right_answer_passes(user, arenas):
    report = arenas(user).examine(find("A1").source, seconds=60.0)
    assert report["passed"], report
    assert not report["left"]


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("path", ESCAPES, ids=name_of)
def test_an_escape_fails(path, user, arenas):
    report = hand_in(arenas(user), path)
    faults = find_faults(report, name_of(path))
    assert not faults, "\n".join(faults)


def test_escapes_are_many_and_of_many_kinds():
    kinds = Counter(path.parent.name for path in ALL)
    assert len(kinds) >= 13
    assert sum(kinds.values()) >= 70
    assert len({path.read_text(encoding="utf-8").split('"""')[1] for path in ALL}) == len(ALL)


@pytest.mark.parametrize("user", USERS)
def test_open_are_the_connection_and_three_that_lead_nowhere(user, arenas):
    source = """
import os
import stat

found = []
for descriptor in range(1 << 16):
    try:
        status = os.fstat(descriptor)
    except OSError:
        continue
    null = stat.S_ISCHR(status.st_mode) and status.st_rdev == os.makedev(1, 3)
    found.append("null" if null else "socket" if stat.S_ISSOCK(status.st_mode) else "other")
raise ValueError(" ".join(found))
"""
    report = arenas(user).examine(source)
    assert report["verdicts"][0].startswith("not loaded: , ValueError: null null null socket,"), report["verdicts"][0]


@pytest.mark.parametrize("user", USERS)
def test_what_a_submission_sees_is_little(user, arenas):
    """Neither this checkout, but for the package and its data, nor anyone's home; and it is the only process."""
    root = Path(__file__).resolve().parents[2]
    source = f"""
import os
seen = os.listdir({str(root)!r}) if os.path.isdir({str(root)!r}) else []
raise ValueError(sorted(seen), os.environ["HOME"], os.getpid(), [n for n in os.listdir("/proc") if n.isdigit()])
"""
    first = arenas(user).examine(source)["verdicts"][0]
    assert first.startswith("not loaded")
    assert "'/tmp', 1, ['1'])" in first
    for hidden in ("tests", ".git", "README.md", "runs"):
        assert f"'{hidden}'" not in first


@pytest.mark.parametrize("user", USERS)
def test_what_is_counted_would_be_noticed(user, arenas):
    """Files, a secret, marks: an arena sees each, here in a submission that isn't isolated."""
    source = """
open("@CLASS@/@MARK@", "w").close()
open("/tmp/@MARK@", "w").close()
exec(open("@ADA@").read(), globals())
secret = open("@CANARY@").read()


def count_weights(layer, inputs):
    raise ValueError(secret)
"""
    report = arenas(user).examine(source, isolate=False, seconds=60.0)
    faults = "\n".join(find_faults(report, "none"))
    for expected in ("left: files: new", "left: files in /tmp", "left: marks", "3 marks", "reached"):
        assert expected in faults, (expected, report)


def test_a_process_and_a_descriptor_more_would_be_noticed():
    before = count_ours()
    with subprocess.Popen(["sleep", "100"]) as sleeper, Path(__file__).open():
        found = machine.differences(before, count_ours())
        sleeper.kill()
    assert "processes: new: sleep 100" in found
    assert any(line.startswith("descriptors: new") for line in found)
    assert not machine.differences(before, count_ours())


@pytest.mark.parametrize("user", USERS)
def test_the_right_answer_still_passes(user, arenas):
    report = arenas(user).examine(find("A1").source, seconds=60.0)
    assert report["passed"], report
    assert not report["left"]


@pytest.mark.parametrize("user", USERS)
def test_a_file_of_almost_a_mebibyte_is_read_whole(user, arenas):
    """Its letters are such that JSON would write each in six bytes."""
    report = arenas(user).examine(find("A1").source + "# Відповідь\n" * 44_000, seconds=60.0)
    assert report["passed"], report


def test_a_submission_ends_with_its_warden():
    """Killed by the system for its memory, say, without a word."""

    def children(process):
        return [int(n) for n in Path(f"/proc/{process}/task/{process}/children").read_text().split()]

    submission, points = Submission("asleep.py", "import time\ntime.sleep(1000)"), find("A1").points()
    with Examiner(BACKEND, sys.executable) as examiner:
        arguments = (submission, points, Limits(seconds=100.0), True)
        thread = threading.Thread(target=examiner.examine, args=arguments, daemon=True)
        thread.start()
        deadline, found = time.monotonic() + 60, []
        while not found and time.monotonic() < deadline:
            found = [(w, child) for w in children(examiner._process.pid) for child in children(w)]
            time.sleep(0.5)  # the walls are built meanwhile
        ((warden, child),) = found
        os.kill(warden, signal.SIGKILL)
        thread.join(30)
        assert not thread.is_alive()
        while Path(f"/proc/{child}").exists() and time.monotonic() < deadline + 30:
            time.sleep(0.05)
        assert not Path(f"/proc/{child}").exists()


def test_nothing_of_the_worst_is_left():
    """After arenas of their own, this process and the machine are as they were."""
    before = count_ours()
    for user in NAMES if os.getuid() == 0 else ("user",):
        arena = Arena(user, BACKEND)
        for name in ("processes/fork_bomb", "memory/system_v", "outliving/hangs_up", "disk/many_small_files"):
            hand_in(arena, FOLDER / f"{name}.py")
        arena.close()
    assert not machine.differences(before, count_ours())

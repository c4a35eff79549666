"""The student's and the teacher's commands, as they are typed, on torch; where nothing depends on it, on a stand-in."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fakes.stage import hear_interrupts, make_keras_in_numpy

from multibackend.course.exercise import Exercise, exercises, find
from multibackend.course.grading import Job

BACKEND = "torch"
ESCAPES = Path(__file__).resolve().parents[1] / "exercises/escapes"
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"},
    "MULTIBACKEND_LANGUAGE": "en",
    "COLUMNS": "120",
}


@pytest.fixture(scope="module")
def keras_in_numpy(tmp_path_factory):
    """The environment of a stand-in for Keras on torch."""
    return make_keras_in_numpy(tmp_path_factory.mktemp("stand_in"))


@pytest.fixture
def with_torch():
    """Asks for the framework itself."""


@pytest.fixture(autouse=True)
def _backend(request, monkeypatch):
    """Let commands find the stand-in, but where a test asks for the framework."""
    if "with_torch" not in request.fixturenames:
        for name, value in request.getfixturevalue("keras_in_numpy").items():
            monkeypatch.setitem(ENVIRONMENT, name, value)


def multibackend(folder, *arguments, code=0, **environment):
    """Type a command; it must end with that code, and without a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "multibackend", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**ENVIRONMENT, **environment},
        timeout=120,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def check(folder, *arguments, code=0, **environment):
    return multibackend(folder, "check", *arguments, "--backend", BACKEND, code=code, **environment)


@pytest.fixture
def solved(tmp_path):
    """A folder with a right answer to A1."""
    (tmp_path / "a1_dense_layer.py").write_text(find("A1").source)
    return tmp_path


@pytest.mark.usefixtures("with_torch")
def test_a_students_first_exercise(tmp_path):
    said = multibackend(tmp_path, "start", "a1")
    assert said.startswith("A1. A layer of neurons")
    assert "multibackend check A1" in said
    path = tmp_path / "a1_dense_layer.py"
    said = check(tmp_path, "A1", code=1)
    assert said.count("not written yet") == 4
    assert "0 of 5 marks" in said
    first = 'raise NotImplementedError("your turn")'
    path.write_text(path.read_text().replace(first, "return keras.layers.Dense(45)", 1))
    said = check(tmp_path, "A1", code=1)
    assert "✗ 0/1  it has 60 neurons\n         expected: 60\n         got: 45\n         try: The number" in said
    assert "✓ 1/1  the layer is a dense one" in said
    hints = [multibackend(tmp_path, "hint", "A1") for _ in range(4)]
    assert [hint[:3] for hint in hints] == ["1/3", "2/3", "3/3", "1/3"]
    assert "multibackend solution A1" in hints[3]
    path.write_text(multibackend(tmp_path, "solution", "A1"))
    said = check(tmp_path, "A1")
    assert "5 of 5 marks" in said
    assert "multibackend start A2" in said
    assert multibackend(tmp_path, "hint", "A1") == hints[3]
    said = multibackend(tmp_path, "progress")
    assert f"✓ A1     5/5  A layer of neurons  ({BACKEND})" in said
    assert "1 of 50 exercises solved" in said


def test_everything_is_said_in_french(tmp_path):
    said = multibackend(tmp_path, "start", "A1", MULTIBACKEND_LANGUAGE="", LANG="fr_FR.UTF-8")
    assert "Une couche de neurones" in said
    assert "Renvoyez une couche dense" in (tmp_path / "a1_dense_layer.py").read_text(encoding="utf-8")
    said = check(tmp_path, "A1", "--language", "fr", code=1)
    assert "pas encore écrit (ligne " in said
    assert "0 points sur 5" in said
    assert "1/3  Les couches se trouvent" in multibackend(tmp_path, "hint", "A1", "--language", "fr")
    assert "1 exercices" not in multibackend(tmp_path, "progress", "--language", "fr")


def test_nothing_that_was_written_is_lost(solved):
    path = solved / "a1_dense_layer.py"
    mine = path.read_text()
    said = multibackend(solved, "start", "A1", code=1)
    assert "stays as it is" in said
    assert path.read_text() == mine
    multibackend(solved, "reset", "A1")
    multibackend(solved, "reset", "A1")
    assert (solved / "a1_dense_layer.old.py").read_text() == mine
    assert (solved / "a1_dense_layer.old1.py").read_text() == path.read_text() != mine
    check(solved, "A1", code=1)
    multibackend(solved, "reset", "--all")
    assert "0 of 50" in multibackend(solved, "progress")
    assert len(list(solved.glob("*.py"))) == 4


def test_marks_are_the_best_so_far(solved):
    check(solved, "A1")
    (solved / "a1_dense_layer.py").write_text("")
    said = check(solved, "A1", code=1)
    assert said.count("the file defines no make_layer") == 3
    assert "5/5" in multibackend(solved, "progress")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["start", "A99"], "unknown exercise 'A99'; nearest: A9"),
        (["check", "A1"], "a1_dense_layer.py: no such file; `multibackend start A1` writes it."),
        (["check", "A1", "other.py"], "other.py: no such file"),
        (["check", "A1", "."], "can't be read"),
        (["watch", "A1"], "no such file"),
        (["hint", "nothing"], "unknown exercise 'nothing'"),
        (["grade", "empty"], "holds no folder; expected one for each student"),
        (["progress", "--folder", "broken"], "no progress of the course"),
        (["check", "A1", "latin.py"], "expected a Python file in UTF-8"),
    ],
)
def test_a_mistake_is_one_line(arguments, said, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/.multibackend-progress.json").write_text('{"A1": 3}')
    (tmp_path / "latin.py").write_bytes(b"# \xe9")
    got = multibackend(tmp_path, *arguments, code=1)
    assert said in got
    assert len(got.splitlines()) == 1


def test_a_file_that_cannot_be_run_says_where(tmp_path):
    (tmp_path / "mine.py").write_text("import keras\n\ndef make_layer(:\n")
    said = check(tmp_path, "A1", "mine.py", code=1)
    assert "your file can't be run: SyntaxError" in said
    assert "(line 3)" in said
    assert "0 of 5 marks" in said


@pytest.mark.parametrize("escape", ["exit_zero", "forged_results", "patched_checker"])
def test_an_escape_ends_with_another_code_than_0(escape, tmp_path):
    said = check(tmp_path, "A1", str(ESCAPES / f"forged_answers/{escape}.py"), code=1)
    assert "0 of 5 marks" in said


def test_watch_answers_within_a_second_of_a_save(tmp_path):
    path = tmp_path / "a1_dense_layer.py"
    source = find("A1").source
    path.write_text(source.replace("Dense(60)", "Dense(45)"))
    with subprocess.Popen(
        [sys.executable, "-m", "multibackend", "watch", "A1", "--backend", BACKEND],
        cwd=tmp_path,
        env={**ENVIRONMENT, "PYTHONUNBUFFERED": "1"},
        preexec_fn=hear_interrupts,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert _read_until(process, "of 5 marks") == "4 of 5 marks"
        _read_until(process, "Watching")
        path.write_bytes(b"# \xe9")
        assert "not UTF-8 text" in process.stderr.readline()  # and goes on
        path.write_text(source)
        saved = time.monotonic()
        assert _read_until(process, "of 5 marks") == "5 of 5 marks"
        answered = time.monotonic() - saved
        _read_until(process, "Watching")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert "Traceback" not in process.stderr.read()
    assert answered < 20  # a machine that is busy; measured alone in benchmarks/RESULTS.md


def _read_until(process, text):
    for line in process.stdout:
        if text in line:
            return line.strip()
    raise AssertionError(process.stderr.read())


@pytest.fixture
def classroom(tmp_path):
    """Three students: one right, one that forks for ever, one with a link to the solution."""
    for name in ("ana", "bo", "cy"):
        (tmp_path / "class" / name).mkdir(parents=True)
    (tmp_path / "class/ana/a1_dense_layer.py").write_text(find("A1").source)
    (tmp_path / "class/ana/a6_softmax.py").write_text(find("A6").source)
    (tmp_path / "class/bo/a1_dense_layer.py").write_text((ESCAPES / "processes/fork_bomb.py").read_text())
    (tmp_path / "class/cy/a1_dense_layer.py").symlink_to(exercises()["A1"].path)
    return tmp_path


def grade(folder, *arguments, **more):
    said = multibackend(folder, "grade", "class", "--backend", BACKEND, *arguments, **more)
    with (folder / "grades.csv").open(newline="") as file:
        return said, [(r["student"], r["exercise"], r["status"], int(r["marks"])) for r in csv.DictReader(file)]


@pytest.mark.usefixtures("with_torch")
@pytest.mark.skipif(sys.platform != "linux", reason="isolation is Linux's")
def test_a_class_is_graded_and_a_second_run_goes_on(classroom):
    said, rows = grade(classroom)
    assert rows == [
        ("ana", "A1", "graded", 5), ("ana", "A6", "graded", 5), ("bo", "A1", "graded", 0), ("cy", "A1", "no file", 0),
    ]  # fmt: skip
    assert "4 graded, 0 of them before" in said
    feedback = (classroom / f"feedback/ana/A1-{BACKEND}.md").read_text()
    assert "5 of 5 marks" in feedback
    assert "links aren't followed" in (classroom / f"feedback/cy/A1-{BACKEND}.md").read_text()
    assert "4 graded, 4 of them before" in grade(classroom)[0]
    (classroom / "class/bo/a1_dense_layer.py").write_text(find("A1").source)
    said, rows = grade(classroom)
    assert "4 graded, 3 of them before" in said
    assert rows[2] == ("bo", "A1", "graded", 5)
    said, rows = grade(classroom, "--exercise", "A6")
    assert [row for row in rows if row[1] == "A6"] == [
        ("ana", "A6", "graded", 5), ("bo", "A6", "missing", 0), ("cy", "A6", "missing", 0),
    ]  # fmt: skip
    assert [row[3] for row in rows if row[1] == "A1"] == [5, 5, 0]
    assert "4 graded, 4 of them before" in multibackend(classroom, "grade", "class", KERAS_BACKEND=BACKEND)


def test_a_grade_is_of_the_checks_as_they_were(tmp_path):
    """Those of the exercise's own module, and those that it may take from another."""
    (tmp_path / "checks").mkdir()
    for name in ("x1.py", "x2.py"):
        (tmp_path / "checks" / name).write_text("")
    job = Job("ana", Exercise("X1", "code", "x.x1", tmp_path / "x1.py"), BACKEND, "graded", "")
    before = job.fingerprint
    assert job.fingerprint == before
    for name in ("x1.py", "x2.py"):
        (tmp_path / "checks" / name).write_text("changed = True")
        assert job.fingerprint != before
        before = job.fingerprint


@pytest.mark.skipif(sys.platform != "linux", reason="isolation is Linux's")
def test_ctrl_c_ends_a_grading_at_once_and_keeps_what_was_graded(classroom):
    """While a submission loops for ever."""
    (classroom / "class/bo/a1_dense_layer.py").write_text((ESCAPES / "deadline/endless_loop.py").read_text())
    command = [sys.executable, "-m", "multibackend", "grade", "class", "--backend", BACKEND, "--jobs", "1"]
    pipes = {"stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=classroom, env=ENVIRONMENT, preexec_fn=hear_interrupts, **pipes) as process:
        assert "ana, A1" in process.stderr.readline()
        assert "ana, A6" in process.stderr.readline()
        time.sleep(1.0)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert time.monotonic() - began < 10  # the submission's own limit is 60 s
        assert process.stderr.read().strip() == "multibackend: interrupted"
    (classroom / "class/bo/a1_dense_layer.py").write_text("")
    said, rows = grade(classroom)
    assert "4 graded, 2 of them before" in said
    assert [row[3] for row in rows] == [5, 5, 0, 0]


def test_grading_refuses_to_run_anything_without_isolation(classroom):
    """The kernel gives no namespaces here, as in a process that has none left."""
    code = """
from multibackend.course import isolation

def refuse(*_):
    raise isolation.NoIsolation("isolation: none.")

isolation.enter = refuse
"""
    (classroom / "sitecustomize.py").write_text(code)
    path = os.pathsep.join([str(classroom), ENVIRONMENT["PYTHONPATH"]])
    said = multibackend(classroom, "grade", "class", "--backend", BACKEND, code=1, PYTHONPATH=path)
    assert "error: isolation: none. Nothing was run; --without-isolation" in said
    assert not (classroom / "grades.csv").exists()
    said, rows = grade(classroom, "--without-isolation", "--exercise", "A6", PYTHONPATH=path)
    assert rows[0] == ("ana", "A6", "graded", 5)


def test_a_table_that_is_no_table_of_grades_stays(classroom):
    (classroom / "grades.csv").write_text("name,mark\nana,3\n")
    said = multibackend(classroom, "grade", "class", "--backend", BACKEND, code=1)
    assert "no table of grades" in said
    assert (classroom / "grades.csv").read_text() == "name,mark\nana,3\n"


@pytest.mark.usefixtures("with_torch")
def test_pictures_are_drawn_and_saved(solved):
    said = multibackend(solved, "draw", "A12", "--backend", BACKEND)
    assert said.strip() == "pictures/A12/batch-sizes.png"
    assert (solved / "pictures/A12/batch-sizes.png").read_bytes().startswith(b"\x89PNG")
    said = multibackend(solved, "draw", "A1", "--backend", BACKEND, code=1)
    assert "defines no pictures()" in said
    multibackend(solved, "start", "A12")
    said = multibackend(solved, "draw", "A12", "a12_batches_and_epochs.py", "--backend", BACKEND, code=1)
    assert said.strip().endswith("a12_batches_and_epochs.py: NotImplementedError: your turn")


def test_progress_is_plain_data(solved):
    check(solved, "A1")
    table = json.loads((solved / ".multibackend-progress.json").read_text())
    assert table == {"A1": {"marks": 5, "most": 5, "hints": 0, "solved": [BACKEND]}}

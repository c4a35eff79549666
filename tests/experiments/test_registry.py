"""Courses of other distributions plug in beside the first one, and a broken one stops no other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fakes.courses import install, install_tiny

LIST = ("-m", "multibackend", "list")
EMPTY = "from multibackend.experiments.course import Course, CourseExercise, CourseExperiment\n"


def run(*arguments: str, folders: tuple[Path, ...] = (), **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python where these folders are installed, too."""
    path = os.pathsep.join([*map(str, folders), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path, "MULTIBACKEND_LANGUAGE": "en", **environment},
        timeout=120,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def list_experiments(*folders: Path, **environment: str) -> list[str]:
    done = run(*LIST, folders=folders, **environment)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return [line.split()[0] for line in done.stdout.splitlines()]


def broken_lines(*folders: Path) -> list[str]:
    """What is said about courses, while the first one is listed whole."""
    done = run(*LIST, folders=folders)
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == list_experiments()
    return done.stderr.splitlines()


def test_a_second_course_plugs_in(tmp_path: Path) -> None:
    first = list_experiments()
    assert "A9" in first
    assert sorted(list_experiments(install_tiny(tmp_path))) == sorted([*first, "T1-line"])


def test_a_course_that_is_not_installed_is_named_by_a_variable(tmp_path: Path) -> None:
    install_tiny(tmp_path / "installed")
    (tmp_path / "installed/tiny_course").rename(tmp_path / "tiny_course")
    assert list_experiments(tmp_path, MULTIBACKEND_CATALOGUE="tiny_course:COURSE")[-1] == "T1-line"
    twice = "tiny_course:COURSE tiny_course:COURSE"
    assert list_experiments(tmp_path, MULTIBACKEND_CATALOGUE=twice).count("T1-line") == 1


def test_both_courses_are_selected_for_parity(tmp_path: Path) -> None:
    code = "from multibackend.experiments.catalogue import select_experiments as s; print(*s([]), *s(['t1', 'a5']))"
    names = run("-c", code, folders=(install_tiny(tmp_path),)).stdout.split()
    assert {"A9", "T1-line"} <= set(names)
    assert names[-3:] == ["T1-line", "A5-raw", "A5-standardised"]


def test_exercises_of_both_courses_are_found(tmp_path: Path) -> None:
    folder = install_tiny(tmp_path / "installed")
    work = ("--folder", str(tmp_path / "work"))
    assert run("-m", "multibackend", "start", "t1", *work, folders=(folder,)).stdout.startswith("T1. A line\n")
    assert "your turn" in (tmp_path / "work/t1_line.py").read_text(encoding="utf-8")
    said = run("-m", "multibackend", "progress", *work, folders=(folder,)).stdout
    assert "A1 " in said
    assert "T1 " in said
    assert "0 of 51 exercises" in said


def test_both_packages_decide_the_fingerprint(tmp_path: Path) -> None:
    code = (
        "import json, sys; from multibackend.launch.probing import probe; "
        "print(json.dumps(probe(sys.executable, 'torch').folders))"
    )
    folders = json.loads(run("-c", code, folders=(install_tiny(tmp_path),)).stdout)
    assert set(folders) == {"multibackend", "multibackend_course", "tiny_course"}
    assert folders["tiny_course"] == str(tmp_path / "tiny_course")


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("raise ValueError('\\x1b[31mbad')", "it can't be imported (ValueError: bad)"),
        ("raise SystemExit(3)", "it can't be imported (SystemExit: 3)"),
        ("import a_module_that_nobody_has", "No module named 'a_module_that_nobody_has'"),
        ("", "has no attribute 'COURSE'"),
        ("COURSE = {}", "it is a dict; expected a multibackend.experiments.course.Course"),
        (EMPTY + "COURSE = Course('x', {'X1': CourseExperiment('numpy.x', 'e', 'x')})", "expected modules of odd only"),
    ],
)
def test_a_broken_course_is_one_line_and_stops_no_other(source: str, why: str, tmp_path: Path) -> None:
    (line,) = broken_lines(install(tmp_path, "odd", "odd:COURSE", {"odd/__init__.py": source}))
    assert line.startswith("multibackend: course odd (odd:COURSE): ")
    assert why in line
    assert line.isprintable()


def test_a_course_must_be_a_package_that_can_be_hidden(tmp_path: Path) -> None:
    (line,) = broken_lines(install(tmp_path, "odd", "odd:COURSE", {"odd.py": EMPTY + "COURSE = Course('x')"}))
    assert "odd is no package of its own" in line


@pytest.mark.parametrize(
    ("listed", "what"),
    [
        ("{'a9': CourseExperiment('odd.x', 'e', 'x')}", "experiment a9"),
        ("{}, {'a1': CourseExercise('odd.x', 'code')}", "exercise a1"),
        ("{}, {'X1': CourseExercise('odd.x.a1_dense_layer', 'code')}", "file a1_dense_layer.py"),
    ],
)
@pytest.mark.parametrize("command", ["list", "progress", "train"])
def test_a_name_that_two_courses_give_is_one_line(listed: str, what: str, command: str, tmp_path: Path) -> None:
    source = f"{EMPTY}COURSE = Course('x', {listed})"
    folder = install(tmp_path, "odd", "odd:COURSE", {"odd/__init__.py": source})
    more = ("--backend", "jax", "A9") if command == "train" else ()
    done = run("-m", "multibackend", command, *more, folders=(folder,))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"multibackend: error: {what}: two courses have it, ")
    assert "multibackend_course:COURSE" in line
    assert "odd:COURSE" in line
    assert "uninstall one of them" in line


def test_what_a_python_lacks_is_said_there() -> None:
    from multibackend.errors import MultibackendError
    from multibackend.train.load import load_experiment

    with pytest.raises(MultibackendError, match="has no course that gives it; install the course there, too"):
        load_experiment("T1-line")

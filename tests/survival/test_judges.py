"""The judges judge: each thing that a disturbed run may do wrong is found."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import tracing
from judges import Reference, judge_again, judge_end, judge_files, read_contents
from plays import Ran

from multibackend.records.record import RECORD_FILE, Record, Run, save_record

RUN = Run("first", "jax", "float32", "quick", 0)
GOOD = Ran(0, "jax         first float32  finished  0.1 s\n", "", False, [], [])
AGAIN = replace(GOOD, out="jax         first float32  kept\n")
FAILED = replace(GOOD, code=1, out="", err="multibackend: error: the disk is full\n")


@pytest.fixture
def output(tmp_path: Path) -> Path:
    (tmp_path / "base").mkdir()
    save_record(Record(RUN, "finished", files={"model.keras": b"a model"}), tmp_path / "output" / "records")
    (tmp_path / "output" / "results.json").write_text('{"passed": true}')
    return tmp_path / "output"


@pytest.fixture
def reference(output: Path) -> Reference:
    return Reference(output.with_name("base"), read_contents(output), {}, 1.0)


def test_a_run_that_went_well_has_no_faults(output: Path, reference: Reference) -> None:
    assert not judge_end(GOOD, died=False)
    assert not judge_files(GOOD, output, reference, lied=False)
    assert not judge_again(GOOD, AGAIN, output, reference, lied=False)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hung": True}, "hangs"),
        ({"code": -11}, "signal 11"),
        ({"left": ["sleep 600"]}, "sleep 600"),
        ({"litter": ["multibackend-x"]}, "multibackend-x"),
        ({"err": "error: Traceback (most recent call last)"}, "traceback"),
        ({"err": "oh"}, "without a word"),
    ],
)
def test_a_bad_end_is_found(change: dict[str, object], said: str) -> None:
    assert not judge_end(FAILED, died=False)
    (fault,) = judge_end(replace(FAILED, **change), died=False)
    assert said in fault


def test_what_is_half_written_must_not_be_believed(output: Path, reference: Reference) -> None:
    folder = output / "records" / RUN.folder
    (folder / "model.keras").unlink()
    assert not judge_files(FAILED, output, reference, lied=False), "its sums tell"
    save_record(Record(RUN, "finished"), output / "records")
    assert any(
        "believed" in fault or "other results" in fault for fault in judge_files(GOOD, output, reference, lied=False)
    )
    (fault,) = judge_files(FAILED, output, reference, lied=False)
    assert "believed" in fault
    (folder / RECORD_FILE).write_text("{")
    assert not judge_files(FAILED, output, reference, lied=False)
    (output / "results.json").write_text('{"passed":')
    (fault,) = judge_files(FAILED, output, reference, lied=False)
    assert "half written" in fault


def test_a_second_run_must_give_the_same_and_keep_what_was_finished(output: Path, reference: Reference) -> None:
    (fault,) = judge_again(GOOD, replace(AGAIN, out=GOOD.out), output, reference, lied=False)
    assert "trained again" in fault
    (output / ".writing-x").mkdir()
    (fault,) = judge_again(GOOD, AGAIN, output, reference, lied=False)
    assert "extra=['.writing-x']" in fault
    shutil.rmtree(output / ".writing-x")
    (output / "results.json").unlink()
    (fault,) = judge_again(GOOD, AGAIN, output, reference, lied=False)
    assert "missing=['results.json']" in fault
    assert any("second run ends" in fault for fault in judge_again(GOOD, FAILED, output, reference, lied=False))


def test_calls_are_read_with_what_they_are_about(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(
        '1.0 execve("/bin/sh", ["sh"], 0x7ff) = 0\n'
        '1.1 write(1</a>, ""..., 3) = 3\n'
        '1.2 execve("/there/jax", ["jax"], 0x7ff) = 0\n'
        '1.3 openat(AT_FDCWD</here>, "/out/a", O_WRONLY|O_CREAT, 0666) = 3</out/a>\n'
        '1.4 openat(AT_FDCWD</here>, "b", O_RDONLY) = -1 ENOENT (No such file or directory)\n'
        '1.5 write(3</out/a>, "/out/no"..., 700) = 700\n'
        '1.6 rename("/out/a", "/out/c") = 0\n'
        "1.7 unlinkat(5</out/d>, \"e\", 0) = 0\n"
        "1.8 mkdir(\"/out\", 0777) = -1 EEXIST (File exists)\n"
    )  # fmt: skip
    program, calls = tracing.read_calls(log)
    assert program == "/there/jax"
    assert [(call.name, call.number, call.subject, call.changes) for call in calls] == [
        ("openat", 1, "/out/a", True),
        ("openat", 2, "/here/b", False),
        ("write", 1, "/out/a", True),
        ("rename", 1, "/out/c", True),
        ("unlinkat", 1, "/out/d/e", True),
        ("mkdir", 1, "/out", False),
    ]
    assert calls[2].size == 700

import contextlib
import functools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from fakes import stage
from fakes.stage import EXPERIMENTS, WORKER, bare_python, make_packages, python_path, read_pids, read_trained, survivors

import multibackend.experiments.catalogue
from multibackend import BACKENDS, __version__
from multibackend.cli import main
from multibackend.cli.options import RUN_SECONDS
from multibackend.launch import pool
from multibackend.launch.fingerprint import fingerprint
from multibackend.launch.probing import probe
from multibackend.launch.request import start_worker
from multibackend.launch.settings import Settings
from multibackend.records.record import Record, find_records, load_record, save_record


@pytest.fixture(autouse=True)
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course and three frameworks that only look installed; the current folder is empty."""
    folder = make_packages(tmp_path / "packages")
    monkeypatch.setattr(multibackend.experiments.catalogue, "read_registry", stage.registry)
    monkeypatch.setattr(pool, "start_worker", functools.partial(start_worker, worker_command=(WORKER,)))
    monkeypatch.setenv("PYTHONPATH", python_path(folder))
    for variable in ("CI", "KERAS_BACKEND", "MULTIBACKEND_PYTHON", "COLUMNS"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return folder


def call(*arguments: object) -> Result:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def error_of(result: Result, code: int = 1) -> str:
    """The one line of an error."""
    assert result.exit_code == code
    lines = result.stderr.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("multibackend: error: ")
    return lines[0]


def test_the_command_line_imports_nothing_heavy() -> None:
    program = "import multibackend.cli, sys; print(*{name.partition('.')[0] for name in sys.modules})"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {"rich", "numpy", "matplotlib", "safetensors", "keras", "jax", "tensorflow", "torch", "pandas", "sklearn"}
    assert not heavy & set(answer.stdout.split())


@pytest.mark.parametrize("command", [[], *([name] for name in main.commands)])
def test_every_command_has_help(command: list[str]) -> None:
    result = call(*command, "--help")
    assert result.exit_code == 0
    assert "Usage: " in result.output


def test_version() -> None:
    assert call("--version").output == f"multibackend, version {__version__}\n"


def test_list_shows_names_and_titles() -> None:
    lines = call("list").output.splitlines()
    assert [line.split() for line in lines] == [[name, "It", name] for name in EXPERIMENTS]


def test_train_shows_what_each_run_reached() -> None:
    result = call("train", "finishes", "--backend", "torch", "--precision", "both")
    assert result.exit_code == 0
    assert read_trained(Path("runs/quick-seed0")) == [
        "finishes torch float64 0",
        "finishes torch float32 0",
        "finishes torch float32 1",
    ]
    row = next(line for line in result.output.splitlines() if "finishes float32" in line and "accuracy" in line)
    assert [cell.strip() for cell in row.split("│")[1:-1]] == [
        "finishes float32",
        "finished",
        "0.5",
        "accuracy 0.75",
        "1.5",
    ]


def test_train_fails_where_a_run_fails_and_says_so() -> None:
    result = call("train", "finishes", "raises", "--backend", "jax")
    assert "1 of 2 trainings failed" in error_of(result)
    assert "raises float32  failed" in result.stdout


def test_the_output_folder_tells_the_settings() -> None:
    call("train", "finishes", "--backend", "jax", "--profile", "full", "--seed", "3", "--no-workarounds")
    assert read_trained(Path("runs/full-seed3-no-workarounds"))


def test_a_second_command_keeps_what_the_first_finished() -> None:
    assert call("train", "finishes", "--backend", "jax").exit_code == 0
    result = call("train", "finishes", "--backend", "jax")
    assert result.stdout.splitlines()[0].split() == ["jax", "finishes", "float32", "kept"]
    assert len(read_trained(Path("runs/quick-seed0"))) == 1
    call("train", "finishes", "--backend", "jax", "--threads", "2")
    assert len(read_trained(Path("runs/quick-seed0"))) == 2


def test_parity_trains_float64_then_float32_then_float32_perturbed() -> None:
    call("parity", "finishes", "--backends", "torch,jax")
    trained = read_trained(Path("runs/quick-seed0"))
    assert [line for line in trained if "jax" in line] == [
        "finishes jax float64 0", "finishes jax float32 0", "finishes jax float32 1",
    ]  # fmt: skip
    assert len(trained) == 6


def test_parity_ignores_keras_backend_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    result = call("parity", "finishes", "--precision", "float64")
    assert result.stderr.startswith("multibackend: note: KERAS_BACKEND=jax is ignored")
    assert len(read_trained(Path("runs/quick-seed0"))) == 3


def test_train_refuses_another_keras_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    line = error_of(call("train", "finishes", "--backend", "torch"))
    assert "got 'jax'; expected 'torch'" in line
    assert "unset KERAS_BACKEND" in line
    assert call("train", "finishes", "--backend", "jax").exit_code == 0


def test_what_cannot_be_had_is_no_failure_unless_asked_for_or_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    available = stage.registry(("finishes", "unavailable"))
    monkeypatch.setattr(multibackend.experiments.catalogue, "read_registry", lambda: available)
    result = call("train", "--backend", "jax")
    assert result.exit_code == 0
    assert result.stderr == "multibackend: NOT RUN: unavailable: no network\n"
    assert "NOT RUN: unavailable: no network" in error_of(call("train", "unavailable", "--backend", "jax"))
    monkeypatch.setenv("CI", "true")
    assert "NOT RUN: unavailable: no network" in error_of(call("train", "--backend", "jax"))


def test_an_unknown_experiment_gets_the_nearest_names() -> None:
    line = error_of(call("train", "finish", "--backend", "jax"))
    assert "unknown experiment 'finish'; nearest: " in line
    assert "multibackend list" in line


def test_a_folder_that_cannot_be_written_is_found_before_training(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    line = error_of(call("train", "finishes", "--backend", "jax", "--output", tmp_path / "file" / "below"))
    assert str(tmp_path / "file" / "below") in line
    assert "--output" in line


def test_records_that_cannot_be_written_stop_the_command() -> None:
    assert "can't be written to /full" in error_of(call("train", "fatal", "--backend", "jax"))


def test_each_missing_backend_is_named_with_its_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = bare_python(tmp_path)
    monkeypatch.setenv("PYTHONPATH", python_path(make_packages(tmp_path / "some", ("jax", "jaxlib", "keras"))))
    pythons = [part for backend in BACKENDS for part in ("--python", f"{backend}={python}")]
    result = call("parity", "finishes", *pythons)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"multibackend: error: backend {backend}: {backend} is not installed for {python}; "
        f"install it with: {python} -m pip install 'multibackend[{backend}]'"
        for backend in ("tensorflow", "torch")
    ]
    assert (
        call("train", "finishes", "--backend", "jax", "--python", f"jax={python}").exit_code == 1
    )  # the fake needs NumPy


def test_a_folder_named_like_a_framework_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", python_path(make_packages(tmp_path / "some", ("keras",))))
    Path("torch").mkdir()
    assert probe(str(bare_python(tmp_path)), "torch").versions["torch"] is None


def test_pythons_come_from_options_and_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MULTIBACKEND_PYTHON", f"jax=/no/jax torch=/no/torch tensorflow={sys.executable}")
    lines = call("parity", "finishes", "--python", "torch=/no/other").stderr.splitlines()
    assert [re.search(r"backend (\w+): no Python at (\S+);", line).groups() for line in lines] == [  # type: ignore[union-attr]
        ("jax", "/no/jax"), ("torch", "/no/other"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train"], "--backend"),
        (["train", "--backend", "caffe"], "caffe"),
        (["train", "--backend", "jax", "--python", "jax"], "expected BACKEND=PATH"),
        (["train", "--backend", "jax", "--time-limit", "0"], "time-limit"),
        (["parity", "--backends", "jax,caffe"], "got 'caffe'"),
        (["parity", "--backends", "jax"], "at least two"),
        (["compare"], "RUNS"),
        (["compare", "nowhere"], "nowhere"),
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str], said: str) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_compare_refuses_a_folder_without_records(tmp_path: Path) -> None:
    assert "no record" in error_of(call("compare", tmp_path / "here"))


def test_interchange_refuses_what_it_can_make_nothing_of(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no record" in error_of(call("interchange", tmp_path / "empty"))
    assert call("train", "finishes", "--backend", "torch", "--seed", "1").exit_code == 0
    said = error_of(call("interchange", "runs/quick-seed1"))
    assert "seed 1; expected quick and 0. Give --profile quick --seed 1." in said
    for path in Path("runs/quick-seed1/records").rglob("record.json"):
        save_record(Record(load_record(path.parent).run, "failed", reason="no memory"), path.parents[2])
    assert "none finished; train first" in error_of(call("interchange", "runs/quick-seed1"))
    assert call("interchange", "nowhere").exit_code == 2


def test_interchange_runs_only_the_file_that_the_command_line_names(tmp_path: Path) -> None:
    """The record that comes from elsewhere names a file; its word isn't enough."""
    (tmp_path / "evil.py").write_text("open('ran', 'w')\ndef build(): ...\ndef other(): ...")
    evil = f"{tmp_path}/evil.py:build"
    assert call("train", "finishes", "--backend", "torch").exit_code == 0
    records = Path("runs/quick-seed0/records")
    for folder in list(find_records(records)):
        record = load_record(folder)
        save_record(replace(record, run=replace(record.run, experiment=evil), arrays=dict(record.arrays)), records)
        shutil.rmtree(folder)
    said = error_of(call("interchange", "runs/quick-seed0", "--output", "out"))
    assert f"name it: --experiment {evil}" in said
    assert not Path("out").exists()
    said = error_of(call("interchange", "runs/quick-seed0", "--output", "out", "--experiment", "finishes"))
    assert "no finished record of finishes" in said
    other = f"{tmp_path}/evil.py:other"
    error_of(call("interchange", "runs/quick-seed0", "--output", "out", "--experiment", other))
    assert not Path("out").exists()
    named = call("interchange", "runs/quick-seed0", "--output", "out", "--experiment", evil)
    assert "evil.py:build" in named.stdout
    assert Path("out").exists()


def test_a_program_that_is_no_python_is_one_line() -> None:
    assert "doesn't answer as a Python does" in error_of(
        call("train", "--backend", "jax", "--python", "jax=/bin/false")
    )


def test_ctrl_c_ends_with_130_one_line_and_no_process_left() -> None:
    with start("train", "finishes", "hangs", "--backend", "jax", "--output", "out") as process:
        stage.wait_for(lambda: len(read_trained(Path("out"))) == 2)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.splitlines() == [
        "multibackend: interrupted: 1 of 2 trainings finished and kept in out; the same command goes on from there"
    ]
    assert survivors(Path("out")) == []


def start(*arguments: str) -> "subprocess.Popen[str]":
    """The command in a process of its own, with the fake worker and course."""
    command = [sys.executable, stage.__file__, *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, text=True, preexec_fn=stage.hear_interrupts, **pipes)


@pytest.mark.parametrize("behaviour", ["hangs", "daemonises"])
def test_nothing_is_left_of_a_command_that_was_killed(behaviour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_HANGS", "1")
    with tempfile.TemporaryDirectory(dir="/tmp") as scratch:  # a name short enough for sockets
        monkeypatch.setenv("TMPDIR", scratch)
        with start("train", behaviour, "--backend", "jax", "--output", "out") as process:
            stage.wait_for(lambda: len(read_pids(Path("out"))) == 2)
            process.kill()
        assert survivors(Path("out")) == []
        stage.wait_for(lambda: not list(Path(scratch).iterdir()))


def test_a_second_command_on_the_same_folder_is_refused_in_a_line_and_trains_nothing() -> None:
    with start("train", "waits", "--backend", "jax", "--output", "out") as first:
        stage.wait_for(lambda: read_trained(Path("out")))
        for command in (["train", "ends", "--backend", "jax"], ["parity", "ends"], ["compare", "."], ["sweep"]):
            line = error_of(call(*command, "--output", "out"))
            assert f"output folder out: in use by process {first.pid} on " in line
            assert "train waits --backend jax --output out" in line
            assert "another folder with --output" in line
        Path("out/go").touch()
        assert first.wait(60) == 0
    assert read_trained(Path("out")) == ["waits jax float32 0"]
    assert call("train", "ends", "--backend", "jax", "--output", "out").exit_code == 0


def test_two_commands_started_together_each_train_what_they_were_asked_for() -> None:
    asked = ("finishes", "ends", "babbles")
    processes = [start("train", name, "--backend", "jax", "--output", "out") for name in asked]
    said = [process.communicate(timeout=120) for process in processes]
    for name, process, (_, errors) in zip(asked, processes, said, strict=True):
        trained = Path("out/records", name, "jax-float32/record.json").exists()
        assert trained == (process.returncode == 0)
        assert trained or "in use by process" in errors
    assert any(process.returncode == 0 for process in processes)


def test_a_worker_that_outlives_its_command_writes_no_record_over_a_newer_one() -> None:
    """Stopped, its command killed, and the same training done again before it may go on."""
    with start("train", "waits", "--backend", "jax", "--output", "out") as first:
        stage.wait_for(lambda: read_trained(Path("out")))
        (late,) = read_pids(Path("out"))
        os.kill(late, signal.SIGSTOP)
        first.kill()
    Path("out/go").touch()
    assert call("train", "waits", "--backend", "jax", "--output", "out", "--threads", "2").exit_code == 0
    record = Path("out/records/waits/jax-float32/record.json")
    newer = record.read_text()
    with contextlib.suppress(ProcessLookupError):
        os.kill(late, signal.SIGCONT)
    assert survivors(Path("out")) == []
    assert record.read_text() == newer


def test_what_killed_commands_left_half_written_is_tidied_and_what_they_moved_aside_comes_back() -> None:
    assert call("train", "finishes", "--backend", "jax", "--output", "out").exit_code == 0
    records = Path("out/records/finishes")
    (records / "jax-float32").rename(records / ".replaced-jax-float32")
    (records / ".writing-abc").mkdir()
    result = call("train", "finishes", "--backend", "jax", "--output", "out")
    assert "kept" in result.stdout
    assert [path.name for path in records.iterdir()] == ["jax-float32"]


def test_the_fingerprint_follows_versions_settings_sources_and_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interpreter = probe(sys.executable, "jax")
    own = tmp_path / "own.py"
    own.write_text("1")
    settings = Settings(device="cpu")
    sums = {fingerprint(interpreter, settings, [])}
    assert sums == {fingerprint(interpreter, settings, ["A5"])}
    assert sums == {fingerprint(interpreter, replace(settings, seed=1, seeds=3), [])}  # the seed is in the run's name
    others = (replace(settings, device="cuda"), replace(settings, threads=2), replace(settings, workarounds=False))
    sums |= {fingerprint(interpreter, other, []) for other in others}
    sums.add(fingerprint(interpreter, settings, [f"{own}:it"]))
    own.write_text("2")
    sums.add(fingerprint(interpreter, settings, [f"{own}:it"]))
    monkeypatch.setenv("MULTIBACKEND_DATA", os.fspath(tmp_path))
    sums.add(fingerprint(interpreter, settings, []))
    interpreter.versions["keras"] = "0"
    sums.add(fingerprint(interpreter, settings, []))
    assert len(sums) == 8


def test_the_time_limit_has_a_default() -> None:
    option = next(parameter for parameter in main.commands["train"].params if parameter.name == "time_limit")
    assert isinstance(option, click.Option)
    assert option.default == RUN_SECONDS

import dataclasses
import functools
import io
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from fakes.stage import WORKER, is_alive, python_path, read_pids, read_trained, survivors, wait_for
from rich.console import Console

from multibackend.errors import MultibackendError
from multibackend.launch import child, pool, supervisor
from multibackend.launch.answers import read_answer
from multibackend.launch.kept import find_kept
from multibackend.launch.loop import SIGNALS, Interrupted, launch
from multibackend.launch.output_folder import check_writable
from multibackend.launch.pool import Pool
from multibackend.launch.progress import Progress
from multibackend.launch.request import Request, start_worker
from multibackend.launch.settings import Settings
from multibackend.launch.supervisor import Outcome
from multibackend.records.record import ARRAYS_FILE, Run, load_record
from multibackend.train import keeper


def make_request(output: Path, *experiments: str, backend: str = "jax", fingerprint: str = "f") -> Request:
    runs = tuple(Run(name, backend, "float32", "quick", 0) for name in experiments)
    return Request(backend, sys.executable, Settings(device="cpu"), fingerprint, output, runs)


@pytest.fixture(autouse=True)
def _stage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", python_path())
    monkeypatch.setattr(child, "GRACE_SECONDS", 0.3)
    monkeypatch.setattr(pool, "start_worker", functools.partial(start_worker, worker_command=(WORKER,)))


def train(*requests: Request, run_seconds: float = 60, within: Pool | None = None) -> tuple[list[Outcome], list[str]]:
    """Each run's outcome, and the lines shown where there is no terminal."""
    screen = io.StringIO()
    totals = {request.backend: len(request.runs) for request in requests}
    waiting = nullcontext(within) if within else Pool()
    with Progress(Console(file=screen, width=40), totals) as progress, waiting as workers:
        outcomes = launch(requests, progress, run_seconds, workers)
    return outcomes, screen.getvalue().splitlines()


def test_runs_are_trained_in_order_and_each_leaves_one_line(tmp_path: Path) -> None:
    outcomes, lines = train(make_request(tmp_path, "finishes", "ends"))
    assert [outcome.status for outcome in outcomes] == ["finished", "finished"]
    assert read_trained(tmp_path) == ["finishes jax float32 0", "ends jax float32 0"]
    assert len(lines) == 2
    assert lines[0].split()[:4] == ["jax", "finishes", "float32", "finished"]


def test_backends_train_beside_one_another(tmp_path: Path) -> None:
    """None ends before all have begun."""
    requests = [make_request(tmp_path, "waits", backend=backend) for backend in ("jax", "tensorflow", "torch")]

    def let_go() -> None:
        wait_for(lambda: len(read_trained(tmp_path)) == 3)
        (tmp_path / "go").touch()

    releaser = threading.Thread(target=let_go)
    releaser.start()
    outcomes, _ = train(*requests)
    releaser.join()
    assert [outcome.run.backend for outcome in outcomes] == ["jax", "tensorflow", "torch"]
    assert {outcome.status for outcome in outcomes} == {"finished"}


def test_a_worker_knows_how_many_train_beside_it(tmp_path: Path) -> None:
    requests = [make_request(tmp_path, "finishes", backend=backend) for backend in ("jax", "tensorflow", "torch")]
    train(requests[0])
    train(*requests)  # the first is kept, and starts no worker
    assert sorted((tmp_path / "workers").read_text().splitlines()) == ["jax 1", "tensorflow 2", "torch 2"]


@pytest.mark.parametrize(
    ("experiment", "said"),
    [
        ("raises", "ValueError: the shapes don't fit"),
        ("crashes", "exited with code 1; last words: 'RuntimeError: illegal instruction'"),
        ("killed", "killed by signal 9 (SIGKILL); often the machine ran out of memory"),
        ("leaves", "exited with code 0"),
    ],
)
def test_a_failure_is_recorded_with_its_reason_and_the_rest_goes_on(tmp_path: Path, experiment: str, said: str) -> None:
    request = make_request(tmp_path, "finishes", experiment, "ends")
    outcomes, lines = train(request)
    assert [outcome.status for outcome in outcomes] == ["finished", "failed", "finished"]
    assert said in outcomes[1].reason
    assert said in lines[1]
    record = load_record(request.records(outcomes[1].run) / outcomes[1].run.folder)
    assert (record.status, record.reason, record.fingerprint) == ("failed", outcomes[1].reason, "f")
    assert len(read_trained(tmp_path)) == 3
    if experiment != "raises":
        assert str(request.log) in outcomes[1].reason


def test_a_hanging_run_is_stopped_with_all_its_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The supervisor's clock stands still but for the hour that passes once the worker hangs."""
    clock = [0.0]
    monkeypatch.setattr(supervisor, "time", SimpleNamespace(monotonic=lambda: clock[0]))

    def let_an_hour_pass() -> None:
        wait_for(lambda: len(read_pids(tmp_path)) == 2)
        clock[0] += 3600

    passing = threading.Thread(target=let_an_hour_pass)
    passing.start()
    outcomes, _ = train(make_request(tmp_path, "hangs", "finishes"), run_seconds=3000)
    passing.join()
    assert [outcome.status for outcome in outcomes] == ["failed", "finished"]
    assert "no end after 3000 s, stopped" in outcomes[0].reason
    assert outcomes[0].wall_seconds == 3600
    assert len(read_pids(tmp_path)) == 3  # the worker, its child, the second worker
    assert survivors(tmp_path) == []


def test_a_worker_that_never_is_ready_fails_all_its_runs_at_once(tmp_path: Path) -> None:
    other = make_request(tmp_path, "finishes", backend="torch")
    outcomes, _ = train(make_request(tmp_path, "dies-before-ready", "finishes"), other)
    assert [outcome.status for outcome in outcomes] == ["failed", "failed", "finished"]
    assert outcomes[0].reason == outcomes[1].reason
    assert "before its first run: the worker exited with code 1" in outcomes[0].reason
    assert "libcudart is not there" in outcomes[0].reason
    assert len(read_pids(tmp_path)) == 2


def test_a_worker_that_hangs_at_its_start_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "START_SECONDS", 0.3)
    idle = tmp_path / "idle.py"
    idle.write_text("import time; time.sleep(600)")
    request = make_request(tmp_path, "finishes")
    with Progress(Console(file=io.StringIO()), {"jax": 1}) as progress:
        monkeypatch.setattr(pool, "start_worker", functools.partial(start_worker, worker_command=(str(idle),)))
        outcomes = launch([request], progress, 60, Pool())
    assert "before its first run: no end after 0.3 s, stopped" in outcomes[0].reason


def test_what_is_no_event_is_kept_in_the_log_alone(tmp_path: Path) -> None:
    request = make_request(tmp_path, "babbles", "finishes")
    outcomes, _ = train(request)
    assert [outcome.status for outcome in outcomes] == ["finished", "finished"]
    assert b"A library says hello" in request.log.read_bytes()


@pytest.mark.parametrize("behaviour", ["scribbles", "closes"])
def test_a_model_that_writes_to_or_closes_every_descriptor_does_no_harm(tmp_path: Path, behaviour: str) -> None:
    outcomes, _ = train(make_request(tmp_path, behaviour, "finishes"))
    assert [outcome.status for outcome in outcomes] == ["finished", "finished"]


def test_a_log_is_bounded_and_keeps_the_last_words(tmp_path: Path) -> None:
    request = make_request(tmp_path, "floods")
    outcomes, _ = train(request)
    assert "last words: 'the last of many words'" in outcomes[0].reason
    assert sum(path.stat().st_size for path in request.log.parent.iterdir()) <= 2 * keeper.LOG_BYTES


def test_a_failure_names_no_words_of_the_run_before(tmp_path: Path) -> None:
    outcomes, _ = train(make_request(tmp_path, "babbles", "mute"))
    assert "the worker exited with code 3; log: " in outcomes[1].reason


def test_what_a_worker_leaves_running_ends_with_it(tmp_path: Path) -> None:
    outcomes, _ = train(make_request(tmp_path, "daemonises"))
    assert outcomes[0].status == "finished"
    assert len(read_pids(tmp_path)) == 2
    assert survivors(tmp_path) == []


def test_a_launch_leaves_no_descriptor_and_no_file_behind(tmp_path: Path, scratch: Path) -> None:
    def count() -> tuple[int, int]:
        return len(list(Path("/dev/fd").iterdir())), len(list(scratch.iterdir()))

    train(make_request(tmp_path / "first", "finishes"))
    before = count()
    train(make_request(tmp_path / "second", "finishes", "crashes", "ends"))
    assert count() == before
    assert before[1] == 0


def test_a_killed_keeper_is_a_failure_like_another(tmp_path: Path) -> None:
    """Its worker dies with it, on Linux by the kernel's hand."""

    def kill_keeper() -> None:
        wait_for(lambda: read_trained(tmp_path))
        keeper_pid = int(Path(f"/proc/{read_pids(tmp_path)[0]}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(keeper_pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_keeper)
    killer.start()
    outcomes, _ = train(make_request(tmp_path, "waits", "finishes"))
    killer.join()
    assert [outcome.status for outcome in outcomes] == ["failed", "finished"]
    assert "killed by signal 9" in outcomes[0].reason
    assert survivors(tmp_path) == []


def test_finished_runs_are_kept_and_failed_ones_trained_again(tmp_path: Path) -> None:
    request = make_request(tmp_path, "finishes", "raises", "unavailable")
    train(request)
    outcomes, lines = train(request)
    assert [(outcome.status, outcome.kept) for outcome in outcomes] == [
        ("finished", True), ("failed", False), ("not-run", False),
    ]  # fmt: skip
    assert lines[0].split() == ["jax", "finishes", "float32", "kept"]
    assert [line.split()[0] for line in read_trained(tmp_path)] == [
        "finishes", "raises", "unavailable", "raises", "unavailable",
    ]  # fmt: skip


def test_a_worker_is_not_started_where_all_is_kept(tmp_path: Path) -> None:
    train(make_request(tmp_path, "finishes"))
    train(make_request(tmp_path, "finishes"))
    assert len(read_pids(tmp_path)) == 1


def test_nothing_is_kept_under_another_fingerprint_seed_or_with_damaged_arrays(tmp_path: Path) -> None:
    request = make_request(tmp_path, "finishes")
    train(request)
    run = request.runs[0]
    assert find_kept(request) == {run}
    assert not find_kept(make_request(tmp_path, "finishes", fingerprint="other"))
    assert not find_kept(dataclasses.replace(request, runs=(dataclasses.replace(run, seed=1),)))
    arrays = request.records(run) / run.folder / ARRAYS_FILE
    arrays.write_bytes(arrays.read_bytes()[:-1])
    assert not find_kept(request)


def test_a_worker_that_is_done_waits_for_the_next_request_of_its_kind(tmp_path: Path) -> None:
    requests = [make_request(tmp_path, "finishes", backend=backend) for backend in ("jax", "torch")]
    with Pool() as workers:
        train(*requests, within=workers)
        outcomes, _ = train(make_request(tmp_path, "raises", "ends"), within=workers)
        assert [outcome.status for outcome in outcomes] == ["failed", "finished"]
        assert len(set(read_pids(tmp_path))) == 2
        train(dataclasses.replace(make_request(tmp_path, "other"), settings=Settings(threads=2)), within=workers)
        assert len(set(read_pids(tmp_path))) == 3
        assert all(is_alive(pid) for pid in read_pids(tmp_path))
    assert survivors(tmp_path) == []
    assert read_trained(tmp_path)[2:] == ["raises jax float32 0", "ends jax float32 0", "other jax float32 0"]


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGSTOP])
def test_a_waiting_worker_that_ends_or_hears_nothing_is_replaced(
    tmp_path: Path, stop: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Pool() as workers:
        train(make_request(tmp_path, "finishes"), within=workers)
        (pid,) = read_pids(tmp_path)
        os.kill(pid, stop)
        monkeypatch.setattr(supervisor, "START_SECONDS", 5.0)
        outcomes, _ = train(make_request(tmp_path, "raises", "ends"), within=workers)
    assert [outcome.reason.partition(":")[0] for outcome in outcomes] == ["ValueError", ""]
    assert len(set(read_pids(tmp_path))) == 2
    assert survivors(tmp_path) == []


def test_seeds_train_in_one_process_and_leave_their_records_apart(tmp_path: Path) -> None:
    request = make_request(tmp_path, "finishes")
    runs = tuple(dataclasses.replace(request.runs[0], seed=seed) for seed in (3, 4))
    request = dataclasses.replace(request, runs=runs, settings=Settings(seeds=2))
    outcomes, _ = train(request)
    assert [outcome.run.seed for outcome in outcomes] == [3, 4]
    for run in runs:
        assert load_record(tmp_path / f"seed-{run.seed}" / "records" / run.folder).run == run
    assert len(read_pids(tmp_path)) == 1
    assert find_kept(request) == set(runs)


def test_a_fatal_event_stops_every_backend(tmp_path: Path) -> None:
    requests = [make_request(tmp_path, "hangs"), make_request(tmp_path, "fatal", backend="torch")]
    with pytest.raises(MultibackendError, match="can't be written to /full"):
        train(*requests)
    assert survivors(tmp_path) == []


@pytest.fixture
def scratch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files, with a name short enough for sockets."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


@pytest.fixture
def _heard() -> Iterator[None]:
    """Signals that whoever started the tests may ignore: Ctrl-C in a script's background, SIGHUP under nohup."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_heard")
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_stops_the_workers_and_keeps_what_is_finished(tmp_path: Path, number: signal.Signals) -> None:
    before = signal.getsignal(number)
    handled: list[bool] = []

    def send_when_hanging() -> None:
        while len(read_trained(tmp_path)) < 2 or len(read_pids(tmp_path)) < 2:
            time.sleep(0.05)
        handled.append(signal.getsignal(number) is not before)
        signal.pthread_kill(threading.main_thread().ident or 0, number)

    sender = threading.Thread(target=send_when_hanging)
    sender.start()
    with pytest.raises(Interrupted) as interrupted:
        train(make_request(tmp_path, "finishes", "hangs", "ends"))
    sender.join()
    assert handled == [True]
    assert (interrupted.value.finished, interrupted.value.total) == (1, 3)
    assert survivors(tmp_path) == []
    assert signal.getsignal(number) is before


def test_a_log_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    with pytest.raises(MultibackendError, match="give another folder with --output"):
        train(make_request(tmp_path, "finishes"))


def test_the_output_folder_is_tried_by_writing(tmp_path: Path) -> None:
    check_writable(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(MultibackendError, match="--output DIR") as raised:
        check_writable(tmp_path / "file" / "below")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("run", [{}, {"seed": 1}, [1], 3, "run"])
def test_an_event_of_what_is_no_run_is_none(run: object) -> None:
    assert read_answer({"event": "start", "run": run}) is None


def test_a_losing_run_shows_in_the_terminal_at_once() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100, _environ={"TERM": "xterm"})
    run = Run("A5", "torch", "float64", "quick", 0, 1)
    with Progress(console, {"torch": 2}) as progress:
        progress.ready("torch", "cpu")
        progress.start(run)
        progress.epoch(run, 1, 2, None)
        progress.done(run, "failed", "it\nbroke", 1.0, False)
        assert "A5 float64 perturbed 1  failed  1.0 s  it broke" in screen.getvalue()
        progress.done(dataclasses.replace(run, perturbation=0), "finished", "", 1.0, False)
    assert "A5 float64  finished" not in screen.getvalue()

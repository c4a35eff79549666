"""One backend's process: does a list of runs, writes a record of each, tells what it does, and waits for more.

Started as `python -m multibackend.train.worker` with its first request, one JSON object, on standard input. It answers
with events (`events.py`; `launch/answers.py` reads them). Whatever the experiments print goes to the log.
"""

from __future__ import annotations

import gc
import os
import sys
import traceback
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import get_args

import msgspec

from multibackend import draws
from multibackend.engine.backends import get_backend, get_engine
from multibackend.engine.workarounds import apply_workarounds
from multibackend.errors import DataUnavailable, MultibackendError
from multibackend.records.record import Record, Run, Task, save_record
from multibackend.train.build import Prepared, build, forget_data, prepare, reseed
from multibackend.train.describe import describe_environment
from multibackend.train.events import Sender, read_request
from multibackend.train.inference import inference_record
from multibackend.train.interchange import interchange_record
from multibackend.train.layerwise import isolation_record, trace_record
from multibackend.train.measure import Emit, train_record
from multibackend.train.memory import trim_heap
from multibackend.train.surroundings import Surroundings


@dataclass(frozen=True)
class Request:
    """The request to a worker: its runs, and for each the folder that its record goes to.

    `workers` train at the same time, this one included. `sources` are folders of records that runs start from.
    """

    backend: str
    threads: int
    workers: int
    workarounds: bool
    fingerprint: str
    runs: tuple[Run, ...]
    records: tuple[str, ...]
    sources: tuple[str, ...] = ()

    @property
    def source_folders(self) -> list[Path]:
        """The folders of records that runs start from."""
        return [Path(source) for source in self.sources]


def main() -> None:
    """Do one request after another, until the command ends or a record can't be written."""
    content, emit = read_request()
    request = msgspec.convert(content, Request)
    check_backend(request.backend)
    get_engine(request.backend)
    gc.freeze()  # each experiment starts with two full collections: 0.2 s each, if they visit all that was imported
    surroundings = Surroundings(Path(content["log_pipe"]))
    while do_request(request, surroundings, emit):
        request = msgspec.convert(emit.hear_question({"event": "end"}), Request)


def do_request(request: Request, surroundings: Surroundings, emit: Sender) -> bool:
    """Do a request's runs; return False if a record can't be written."""
    environment = describe_environment(request.threads, request.backend)
    environment |= {"workers": request.workers, "device": get_engine(request.backend).device()}
    emit({"event": "ready", "packages": environment["packages"], "device": environment["device"]})
    prepared: dict[tuple[str, str], Prepared] = {}
    for run, records in zip(request.runs, request.records, strict=True):
        surroundings.begin(str(run))
        emit({"event": "start", "run": asdict(run)})
        record = do_run(run, request, prepared, emit)
        emit.end_fork()
        surroundings.restore()
        record = replace(record, fingerprint=request.fingerprint, environment=environment | record.environment)
        try:
            save_record(record, Path(records))
        except MultibackendError as error:
            emit({"event": "fatal", "reason": str(error)})
            return False
        notes = record.environment.get("data_notes", [])
        emit({"event": "done", "run": asdict(run), "status": record.status, "reason": record.reason, "notes": notes})
        del record  # its arrays, before the next run's come
    forget_data()
    _release(prepared)
    return True


def check_backend(backend: str) -> None:
    """Make sure that Keras runs, or will run, on `backend` in this process.

    Raises:
        MultibackendError: Keras was imported under another backend, or KERAS_BACKEND names another.
    """
    if "keras" in sys.modules:
        imported = sys.modules["keras"].backend.backend()
        if imported != backend:
            raise MultibackendError(
                f"Keras is already imported on {imported}; expected {backend}. "
                f"Start a fresh process with KERAS_BACKEND={backend}."
            )
    elif os.environ.setdefault("KERAS_BACKEND", backend) != backend:
        raise MultibackendError(
            f"KERAS_BACKEND is {os.environ['KERAS_BACKEND']!r}; expected {backend!r}. Unset it: unset KERAS_BACKEND."
        )


def do_run(run: Run, request: Request, prepared: dict[tuple[str, str], Prepared], emit: Emit) -> Record:
    """Do one run and return its record; what goes wrong is in the record, not raised."""
    try:
        with apply_workarounds(run.backend, run.precision, request.workarounds) as applied, draws.identical_masks():
            record = _do_task(run, request, prepared, emit)
            return replace(record, workarounds=(*applied, *record.workarounds))
    except DataUnavailable as error:
        return Record(run, "not-run", reason=str(error))
    except MultibackendError as error:
        return Record(run, "failed", reason=str(error))
    except BaseException as error:  # SystemExit and KeyboardInterrupt too: Ctrl-C doesn't come here
        prepared.clear()
        traceback.print_exc()
        return Record(run, "failed", reason=_describe(error))


def _describe(error: BaseException) -> str:
    """Return the kind of an exception and the first line of its text."""
    try:
        text = str(error).strip()
    except Exception as another:
        text = f"(its text can't be had: {type(another).__name__})"
    return f"{type(error).__name__}: {(text.splitlines() or [''])[0]}"


def _do_task(run: Run, request: Request, prepared: dict[tuple[str, str], Prepared], emit: Emit) -> Record:
    """Do a run's task; a model that is prepared already is trained again, else it is built and takes its place."""
    key, threads = (run.experiment, run.precision), request.threads
    if run.task == "training" and key in prepared:
        if prepared[key].built.seed != run.seed:
            prepared[key] = reseed(run, prepared[key])
        return train_record(run, prepared[key], emit)
    if all(experiment != run.experiment for experiment, _ in prepared):
        forget_data()  # the last experiment's data go before others come
    _release(prepared)  # one model at a time
    match run.task:
        case "training" if not get_backend(run.backend).trains:
            return inference_record(run, build(run, threads))
        case "training":
            prepared[key] = prepare(run, threads)
            return train_record(run, prepared[key], emit)
        case "trace":
            return trace_record(run, build(run, threads))
        case "isolation":
            return isolation_record(run, build(run, threads), request.source_folders)
        case "interchange":
            return interchange_record(run, build(run, threads), request.source_folders)
    raise MultibackendError(f"run {run}: unknown task {run.task!r}; expected one of {', '.join(get_args(Task))}.")


def _release(prepared: dict[tuple[str, str], Prepared]) -> None:
    """Forget these models, and give their memory back to the system."""
    prepared.clear()
    gc.collect()  # compiled functions and their models refer to each other
    trim_heap()


if __name__ == "__main__":
    main()

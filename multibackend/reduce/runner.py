"""One setup's process: runs scripts, and answers with the numbers that each leaves in `got`.

Started as `python -m multibackend.reduce.runner` with its request on standard input (`train/events.py`). Each question
gets one answer, in order; what scripts print goes to the log.
"""

from __future__ import annotations

import base64
import gc
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from multibackend.engine.backends import get_engine
from multibackend.train.events import read_request
from multibackend.train.worker import check_backend


def main() -> None:
    """Answer questions for as long as the command lives."""
    request, answer = read_request()
    backend = request["backend"]
    check_backend(backend)
    get_engine(backend)
    gc.freeze()
    said: dict[str, Any] = {"versions": list_versions()}
    while True:
        question = answer.hear_question(said)
        try:
            said = answer_question(backend, question)
        except Exception as error:
            traceback.print_exc()
            words = " ".join(str(error).split())[:500]
            said = {"error": f"{type(error).__name__}: {words}"}


def answer_question(backend: str, question: Mapping[str, Any]) -> dict[str, Any]:
    """Describe an experiment, run a preload, or run a script.

    Raises:
        Exception: whatever the user's code, Keras or the framework raises.
    """
    if "experiment" in question:
        from multibackend.reduce.extraction import extract

        return {"description": extract(backend, **question)}
    if "preload" in question:
        execute(Path(question["preload"]).read_text(encoding="utf-8"), question["preload"])
        return {"preloaded": question["preload"]}
    get_engine(backend).configure(question["precision"], 1)
    return {"got": _encode(run_script(question["script"]))}


def execute(text: str, name: str) -> dict[str, Any]:
    """Run code as a module of its own; return its names."""
    names: dict[str, Any] = {"__name__": "__main__", "__file__": name}
    exec(compile(text, name, "exec"), names)
    return names


def run_script(text: str) -> np.ndarray:
    """Run a script's body in a fresh session of Keras; return its `got`, float64, flat."""
    import keras
    from keras.src.backend.common import dtypes

    table = dict(dtypes.BIT64_TO_BIT32_DTYPE)
    keras.utils.clear_session(free_memory=False)  # a collection takes longer than a small script
    try:
        return np.asarray(execute(text, "<script>")["got"], dtype="float64").ravel()
    finally:
        dtypes.BIT64_TO_BIT32_DTYPE.update(table)


def _encode(array: np.ndarray) -> str:
    return base64.b64encode(array.astype("<f8").tobytes()).decode("ascii")


def list_versions() -> dict[str, str]:
    """Return the versions of Keras and of the framework."""
    import keras

    framework = sys.modules[keras.backend.backend()]
    return {"keras": keras.__version__, keras.backend.backend(): str(framework.__version__)}


if __name__ == "__main__":
    main()

"""One backend's process: runs scripts, and answers with the numbers that each leaves in `got`.

Started as `python -m multibackend.reduce.runner BACKEND`. Requests come on standard input and answers
go to standard output, one JSON object a line; what scripts print goes to standard error.
"""

from __future__ import annotations

import base64
import gc
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from multibackend.engine.backends import get_engine
from multibackend.train.keeper import die_with_parent
from multibackend.train.worker import check_backend


def main(backend: str) -> None:
    """Answer requests until there are no more."""
    die_with_parent(signal.SIGKILL, os.getppid())
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(content: dict[str, Any]) -> None:
        answers.write(json.dumps(content) + "\n")
        answers.flush()

    check_backend(backend)
    engine = get_engine(backend)
    gc.freeze()
    answer({"ready": backend, "versions": _list_versions()})
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "experiment" in request:
                from multibackend.reduce.extraction import extract

                answer({"description": extract(backend, **request)})
            elif "preload" in request:
                execute(Path(request["preload"]).read_text(encoding="utf-8"), request["preload"])
                answer({"preloaded": request["preload"]})
            else:
                engine.configure(request["precision"], 1)
                answer({"got": _encode(run_script(request["script"]))})
        except Exception as error:
            traceback.print_exc()
            words = " ".join(str(error).split())[:500]
            answer({"error": f"{type(error).__name__}: {words}"})


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


def _list_versions() -> dict[str, str]:
    import keras

    framework = sys.modules[keras.backend.backend()]
    return {"keras": keras.__version__, keras.backend.backend(): str(framework.__version__)}


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Each known upstream cause, as its script in docs/ shows it, and what its workaround does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from multibackend import BACKENDS
from multibackend.compare import load_known
from multibackend.engine.backends import get_engine
from multibackend.engine.workarounds import apply_workarounds, list_workarounds, optimizer_saved_by_public_name

SCRIPTS = Path(__file__).parents[2] / "docs" / "upstream"


def run_script(name: str, backend: str) -> str:
    environment = {**os.environ, "KERAS_BACKEND": backend, "JAX_ENABLE_X64": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-W", "ignore", str(SCRIPTS / name)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_float64_in_float32(backend: str) -> None:
    off = dict(line.split(": off by ") for line in run_script("float64_in_float32.py", backend).splitlines()[:-1])
    leaks = {name for name, size in off.items() if float(size) > 1e-12}
    assert leaks == {"jax": {"mean"}, "tensorflow": set(), "torch": {"mean", "matmul"}}[backend]


def test_tensorflows_cast(backend: str) -> None:
    number = "0.99900001287460327" if backend == "tensorflow" else "0.999"
    assert run_script("tensorflow_cast.py", backend).strip() == f"ops.cast(0.999, 'float64') is {number}"


def test_tensorflows_loss_from_logits(backend: str) -> None:
    assert run_script("tensorflow_loss_from_logits.py", backend).strip() == (
        "loss 20.000" if backend == "tensorflow" else "loss 16.118"
    )


def test_torchs_optimizers_are_saved_by_a_name_of_their_own_and_worked_around(backend: str, tmp_path: Path) -> None:
    private = "keras.src.backend.torch.optimizers.torch_sgd"
    printed = run_script("torch_optimizer_saved.py", backend).strip()
    assert printed == (private if backend == "torch" else "keras.optimizers")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    with optimizer_saved_by_public_name(model) as names:
        assert names == (("optimizer-saved-by-public-name",) if backend == "torch" else ())
        model.save(tmp_path / "saved.keras")
    config = json.loads(zipfile.ZipFile(tmp_path / "saved.keras").read("config.json"))
    assert config["compile_config"]["optimizer"]["module"] == "keras.optimizers"
    assert type(model.optimizer).__module__ == (private if backend == "torch" else type(model.optimizer).__module__)


def test_every_known_divergence_has_its_workaround_and_its_reproduction() -> None:
    root = Path(__file__).parents[2]
    for entry in load_known():
        assert entry.workaround in {known.name for known in list_workarounds(entry.backend)}, entry.id
        page, _, anchor = entry.reproduction.partition("#")
        headings = [line for line in (root / page).read_text(encoding="utf-8").splitlines() if line.startswith("## ")]
        anchors = [h[3:].lower().replace("'", "").replace(" ", "-") for h in headings]
        assert anchor in anchors, entry.id
    assert all(list_workarounds(name) for name in BACKENDS)


def test_worked_around_float64_is_float64(backend: str) -> None:
    with apply_workarounds(backend, "float64", True) as names:
        get_engine(backend).configure("float64", threads=1)
        assert names == tuple(known.name for known in list_workarounds(backend))
        x = ops.convert_to_tensor(np.array([[1 / 3, 2 / 3], [1 / 7, 3 / 7]]))
        assert float(ops.mean(x)) == pytest.approx((1 / 3 + 2 / 3 + 1 / 7 + 3 / 7) / 4, rel=1e-15)
        assert float(ops.matmul(x, x)[0, 0]) == pytest.approx(1 / 9 + 2 / 21, rel=1e-15)
        assert float(ops.cast(0.999, "float64")) == 0.999
        for loss, target in (("categorical_crossentropy", [[0.0, 1.0, 0.0]]), ("sparse_categorical_crossentropy", [1])):
            probabilities = keras.activations.softmax(ops.convert_to_tensor(np.array([[20.0, 0.0, 0.0]])))
            value = keras.losses.get(loss)(ops.convert_to_tensor(np.array(target)), probabilities)
            assert float(ops.mean(value)) == pytest.approx(-np.log(1e-7), rel=1e-14)


def test_workarounds_are_of_float64_alone_and_leave_nothing_behind(backend: str) -> None:
    table = keras.src.backend.common.dtypes.BIT64_TO_BIT32_DTYPE
    before = dict(table), keras.src.backend.cast
    with apply_workarounds(backend, "float32", True) as names:
        assert names == ()
        assert (dict(table), keras.src.backend.cast) == before
    with apply_workarounds(backend, "float64", False) as names:
        assert names == ()
    with apply_workarounds(backend, "float64", True):
        pass
    assert (dict(table), keras.src.backend.cast) == before

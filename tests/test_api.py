"""`multibackend.parity`, and models of one's own, on every backend: MULTIBACKEND_PYTHON names the interpreters."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import multibackend
from multibackend import MultibackendError, parity
from multibackend.compare import STAGES, Comparison
from multibackend.records.record import load_record

EXAMPLE = Path(multibackend.__file__).parents[1] / "docs" / "examples" / "own_model.py"

MODELS = """
import keras
from keras import layers
from gate import Gate

def build():
    tokens, wide = keras.Input((None,), dtype="int32", name="tokens"), keras.Input((4,), name="wide")
    x = layers.Concatenate()([layers.GlobalAveragePooling1D()(layers.Embedding(30, 5)(tokens)), Gate()(wide)])
    kind, a_value = layers.Dense(3, "softmax", name="kind")(x), layers.Dense(2, name="a_value")(x)
    model = keras.Model({"tokens": tokens, "wide": wide}, {"kind": kind, "a_value": a_value})
    model.compile(keras.optimizers.SGD(0.1), {"kind": "categorical_crossentropy", "a_value": "mse"})
    return model

def loose():
    return keras.Sequential([keras.Input((4,)), layers.Dense(1)])

def number():
    return 3

def raises():
    raise RuntimeError("no such luck\\nsecond line")

def unbuilt():
    model = keras.Sequential([layers.Dense(1)])
    model.compile("sgd", "mse")
    return model

def nonsense():
    return [1, 2]

def half(): return dense(16)

def dense(units):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(units), layers.Dense(1, dtype="float16")])
    model.compile("sgd", "mse")
    return model
"""

GATE = """
import keras

class Gate(keras.layers.Layer):
    def build(self, shape):
        self.gate = self.add_weight(shape=(shape[-1],), initializer="ones", name="gate")

    def call(self, x):
        return x * keras.ops.sigmoid(self.gate)
"""

# reference: words of the reason for which its trainings failed
MISTAKES = {
    "models.py:loose": "is not compiled with an optimizer and a loss; call model.compile",
    "models.py:number": "build_model returned int; expected a compiled keras.Model",
    "models.py:raises": "RuntimeError: no such luck",
    "models.py:unbuilt": "has no known input shape to draw random data for; add load_data() to its file",
    "models.py:half@nonsense": "models.py:nonsense gave list; expected a Dataset, a Split",
    "models.py:half": "uses float16 or bfloat16 layers, which isn't supported",
    "models.py:absent": "has no 'absent'; expected an Experiment, or a function",
    "models.py:dense": "wants the arguments units",
}


def build_linear() -> Any:
    """A model for tests of the API itself; imported from this file by each backend's process."""
    import keras

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    return model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    (folder / "models.py").write_text(MODELS, encoding="utf-8")
    (folder / "gate.py").write_text(GATE, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def compared(folder: Path) -> Comparison:
    return parity(
        [f"{EXAMPLE}:build_model", f"{folder}/models.py:build"], precisions=["float64"], output=folder / "runs"
    )


def experiment_of(comparison: Comparison, file: str) -> str:
    (name,) = [name for name in comparison.experiments if file in name]
    return name


@pytest.mark.parametrize("file", ["own_model.py", "models.py"])
def test_a_model_of_ones_own_is_the_same_everywhere(compared: Comparison, file: str) -> None:
    findings = compared.select(experiment_of(compared, file))
    assert len(findings) == 3 * len(STAGES)
    # Loading each other's files is tested with the interchange; here, that it was tried.
    parting = [f for f in findings if f.status != "pass" and (f.stage, f.status) != ("interchange", "known")]
    assert not parting, parting


def test_random_data_are_called_so(compared: Comparison) -> None:
    drawn = experiment_of(compared, "models.py")
    assert list(compared.drawn) == [drawn]
    assert "random rows" in compared.drawn[drawn]
    assert {f.detail for f in compared.select(drawn, stage="data")} == {f"equal: {compared.drawn[drawn]}"}
    assert {f.detail for f in compared.select(experiment_of(compared, "own_model.py"), stage="data")} == {"equal"}


def test_a_step_of_ones_own_is_trained_by_keras_and_the_record_says_so(compared: Comparison, folder: Path) -> None:
    paths = [path for path in (folder / "runs" / "records").glob("*own_model*/*") if path.name.endswith("-float64")]
    assert len(paths) == 3
    assert compared.failed == ()
    for path in paths:
        record = load_record(path)
        assert record.environment["flags"]["through_fit"] == "a train_step of its own"
        assert len(record.arrays["losses"]) == 2 * 10  # 150 rows in batches of 16, twice
    assert (folder / "runs" / "results.json").is_file()


def test_a_users_mistakes_are_a_line_each_and_exit_code_1(folder: Path) -> None:
    command = [sys.executable, "-m", "multibackend", "parity", *MISTAKES, "--backends", "jax,torch"]
    command += ["--precision", "float64", "--output", str(folder / "mistakes")]
    environment = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    ended = [line for line in done.stdout.splitlines() if " failed " in line]
    for name, words in MISTAKES.items():
        for backend in ("jax", "torch"):
            lines = [line for line in ended if line.split()[:3] == [backend, name, "float64"]]
            assert len(lines) == 1, name
            assert words in lines[0]


def test_functions_and_arrays_are_taken_from_python() -> None:
    x = np.random.default_rng(0).normal(size=(40, 3))
    comparison = parity(build_linear, data=(x, x[:, :2]), backends=["torch", "jax"], precisions=["float64"])
    assert comparison.passed
    assert {finding.pair for finding in comparison.findings} == {("jax", "torch")}
    assert comparison.drawn == {}


@pytest.mark.parametrize(
    ("model", "settings", "words"),
    [
        (lambda: 0, {}, "<lambda>: not a function of a module"),
        (3, {}, "model: got int; expected a function"),
        ([], {}, "model: got none"),
        ("B99", {}, "unknown experiment 'B99'; nearest: B9"),
        ("nowhere.py:build", {}, "no file 'nowhere.py'"),
        (build_linear, {"backends": "jax"}, "backends: got 'jax'; expected some of"),
        (build_linear, {"backends": ["jax"]}, "expected at least two"),
        (build_linear, {"backends": ["jax", "numpy"]}, "backends: got 'numpy'"),
        (build_linear, {"precisions": ["float16"]}, "precisions: got"),
        (build_linear, {"profile": "slow"}, "profile: got 'slow'; expected one of quick, full"),
        (build_linear, {"pythons": {"numpy": "x"}}, "pythons: got 'numpy'"),
        (build_linear, {"pythons": {"jax": "/nowhere/python"}}, "no Python at /nowhere/python"),
        (build_linear, {"data": 3}, "data= gave int; expected a Dataset"),
        (build_linear, {"data": "nowhere.npz"}, "no file 'nowhere.npz' to take data from"),
        ("B9", {"data": "x.npz"}, "model 'B9' has its data; leave out data"),
    ],
)
def test_a_mistake_raises_one_line(model: Any, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(MultibackendError) as caught:
        parity(model, **settings)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_script_without_a_guard_doesnt_train_itself_without_end(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import multibackend\n"
        "def build(): ...\n"
        "print(multibackend.parity(build, backends=['jax', 'torch'], precisions=['float64']).failed[0].reason)\n",
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert "put the call below if __name__ == '__main__':" in done.stdout

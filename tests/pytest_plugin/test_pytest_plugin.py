"""The pytest plugin, through pytest: what is the same passes, a planted divergence fails at its stage, in JUnit too.

MULTIBACKEND_PYTHON names the interpreters of the backends.
"""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from multibackend import MultibackendError
from multibackend.compare import STAGES, Comparison, Finding
from multibackend.launch.ladder import Ascent
from multibackend.pytest_plugin.session import ParitySession
from multibackend.pytest_plugin.settings import read_settings

pytest_plugins = "pytester"

PLUGIN = ("-p", "multibackend.pytest_plugin", "-p", "no:cacheprovider", "--strict-markers")

MODELS = """
import keras
from pathlib import Path

class Scale(keras.layers.Layer):
    detached = False

    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), initializer="ones", name="scale")

    def call(self, x):
        return x * (keras.ops.stop_gradient(self.scale) if self.detached else self.scale)

def build(detached):
    scale = Scale()
    scale.detached = detached
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5, "tanh"), scale, keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model
"""

TESTS = """
import numpy as np
import pytest

def load_data():
    x = np.random.default_rng(0).normal(size=(40, 4))
    return x, x[:, :1]

@pytest.mark.parity(precision="float64")
def build_clean():
    from models import build
    return build(detached=False)

@pytest.mark.parity(precision="float64")
def build_faulty():
    import keras
    from models import build
    return build(detached=keras.backend.backend() == "torch")

@pytest.mark.parity(precision="float64")
def test_in_words_of_its_own(parity):
    assert parity(build_clean).experiments[0].endswith("test_models.py:build_clean")

@pytest.mark.parity(precision="float64")
def test_of_the_faulty_one(parity):
    parity(build_faulty)

def test_of_another_kind():
    pass
"""

AT_FAULT = STAGES[STAGES.index("gradients") :]


@pytest.fixture(autouse=True)
def _plugin_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where multibackend is installed pytest finds the plugin by itself; here it is named, so that it is there once."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[str, str]]]:
    """Outcome and words of each test of one session on two processes, by name, from its JUnit file."""
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "models.py").write_text(MODELS, encoding="utf-8")
    (folder / "test_models.py").write_text(TESTS, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", *PLUGIN, "-p", "xdist.plugin", "--numprocesses=2", "--rootdir", "."]
    command += ["--parity-backends", "torch,jax", "--junitxml=junit.xml"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    found: dict[str, tuple[str, str]] = {}
    for case in ET.parse(folder / "junit.xml").iter("testcase"):
        ended = [(part.tag, part.get("message") or "") for part in case if part.tag != "properties"]
        found[str(case.get("name"))] = ended[0] if ended else ("passed", "")
    yield found


def name_of(function: str, stage: str) -> str:
    return f"{function}[float64-jax-torch-{stage.replace(' ', '-')}]"


def test_there_is_a_case_for_each_stage(cases: dict[str, tuple[str, str]]) -> None:
    expected = {name_of(f, stage) for f in ("build_clean", "build_faulty") for stage in STAGES}
    expected |= {"build_clean[trainings]", "build_faulty[trainings]"}
    expected |= {"test_in_words_of_its_own", "test_of_the_faulty_one", "test_of_another_kind"}
    assert set(cases) == expected


def test_what_is_the_same_passes(cases: dict[str, tuple[str, str]]) -> None:
    passed = {name for name, (outcome, _) in cases.items() if outcome == "passed"}
    # What is known upstream of loading one backend's file on another is xfailed, which JUnit calls skipped.
    assert {name_of("build_clean", stage) for stage in STAGES if stage != "interchange"} <= passed
    assert cases[name_of("build_clean", "interchange")][0] in ("passed", "skipped")
    assert {"build_clean[trainings]", "build_faulty[trainings]", "test_in_words_of_its_own"} <= passed
    assert {name_of("build_faulty", stage) for stage in STAGES if stage not in AT_FAULT} <= passed


def test_a_planted_divergence_fails_at_its_stage_in_a_line(cases: dict[str, tuple[str, str]]) -> None:
    outcome, words = cases[name_of("build_faulty", "gradients")]
    assert outcome == "failure"
    assert words.startswith("float64 jax-torch: gradients: first differs at variable sequential/scale/scale")
    assert "\n" not in words
    for stage in ("first update", "step losses"):
        assert cases[name_of("build_faulty", stage)][0] == "failure"
        assert "in consequence of an earlier stage" in cases[name_of("build_faulty", stage)][1]
    outcome, words = cases["test_of_the_faulty_one"]
    assert outcome == "failure"
    assert "gradients: first differs at variable sequential/scale/scale" in words


def test_models_are_trained_together_and_once_and_a_mistake_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[list[str]] = []

    def train(names: list[str], *_: Any) -> Ascent:
        calls.append(names)
        if "unknown" in names:
            raise MultibackendError("no such experiment")
        findings = [Finding(name, "float64", ("jax", "torch"), "data", "pass", 0.0, 0.0, "equal") for name in names]
        return Ascent(Comparison(tuple(findings)), [], [])

    monkeypatch.setattr("multibackend.pytest_plugin.session.train_and_compare", train)
    session = ParitySession(["jax", "torch"], [], tmp_path)
    settings = read_settings({"precision": "float64"})
    assert session.compare("B9", ["B9", "D3", "A9"], settings).experiments == ("B9",)
    assert session.compare("D3", ["B9", "D3", "A9"], settings).experiments == ("D3",)
    assert calls == [["B9", "D3", "A9"]]
    assert session.compare("C7", ["unknown", "C7"], settings).experiments == ("C7",)
    assert calls[1:] == [["C7", "unknown"], ["C7"]]
    for _ in range(2):
        with pytest.raises(MultibackendError, match="no such experiment"):
            session.compare("unknown", ["unknown"], settings)
    assert len(calls) == 4
    session.compare("B9", [], read_settings({"precision": "float64", "seed": 1}))
    assert len(calls) == 5


MARKED = """
import pytest

@pytest.mark.parity({settings})
def build_model():
    raise RuntimeError("never built here")
"""


@pytest.mark.parametrize(
    ("settings", "options", "words"),
    [
        ("precison='both'", (), "build_model: parity: got precison='both'; expected some of data, precision"),
        ("precision='half'", (), "got precision='half'; expected one of both, float64, float32"),
        ("profile='slow'", (), "parity: profile: got 'slow'; expected one of quick, full"),
        ("seeds=2", (), "got seeds=2; expected some of data, precision"),
        ("data=lambda: 0", (), "data <lambda>: not a function of a module"),
        ("data=3", (), "data= gave int; expected a Dataset"),
        ("", ("--parity-backends=jax,numpy",), "--parity-backends: got 'numpy'; expected some of"),
        ("", ("--parity-backends=jax",), "--parity-backends: got jax; expected at least two"),
        ("", ("--parity-python=jax",), "got 'jax'; expected BACKEND=PATH"),
    ],
)
def test_a_mistake_is_a_line_at_collection(
    pytester: pytest.Pytester, settings: str, options: tuple[str, ...], words: str
) -> None:
    pytester.makepyfile(MARKED.format(settings=settings))
    result = pytester.runpytest_subprocess(*PLUGIN, *options)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert words in result.stdout.str()
    assert "Traceback" not in result.stdout.str()


def nowhere(*backends: str) -> list[str]:
    return [f"--parity-python={backend}=/nowhere/python" for backend in backends]


def test_without_two_backends_it_is_skipped_and_in_ci_it_fails(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(MARKED.format(settings="precision='float64'"))
    result = pytester.runpytest_subprocess(*PLUGIN, *nowhere("jax", "torch"), "-rs")
    result.assert_outcomes(skipped=1 + 3 * len(STAGES))
    result.stdout.fnmatch_lines(["*two backends are needed; backend jax: no Python at /nowhere/python*"])
    monkeypatch.setenv("CI", "true")
    result = pytester.runpytest_subprocess(*PLUGIN, *nowhere("jax", "torch"))
    result.assert_outcomes(failed=1 + 3 * len(STAGES))


def test_a_backend_that_was_asked_for_must_be_there(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(MARKED.format(settings="precision='float64'"))
    result = pytester.runpytest_subprocess(*PLUGIN, *nowhere("jax"), "--parity-backends=jax,torch")
    result.assert_outcomes(failed=1 + len(STAGES))
    result.stdout.fnmatch_lines(
        ["backend jax: no Python at /nowhere/python; expected an executable: --python jax=PATH"]
    )


def test_other_marks_and_selection_hold(pytester: pytest.Pytester) -> None:
    text = MARKED.format(settings="") + "\nbuild_model = pytest.mark.skip(reason='not today')(build_model)\n"
    pytester.makepyfile(text)
    result = pytester.runpytest_subprocess(*PLUGIN, "--parity-backends=jax,torch", "-k", "float64 and gradients", "-rs")
    result.assert_outcomes(skipped=1, deselected=2 * len(STAGES))
    result.stdout.fnmatch_lines(["*not today*"])


def test_it_is_inert_where_it_isnt_used(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import sys\n"
        "def build_model(): ...\n"
        "def test_nothing_is_imported():\n"
        "    ours = {name for name in sys.modules if name.split('.')[0] == 'multibackend'}\n"
        "    assert ours == {'multibackend', *('multibackend.' + n for n in ('errors', 'pytest_plugin', 'text'))}\n"
        "    assert not {'numpy', 'keras', 'rich', 'click'} & set(sys.modules)\n"
    )
    result = pytester.runpytest_subprocess(*PLUGIN)
    result.assert_outcomes(passed=1)
    assert "parity" not in result.stdout.str().replace(str(Path(__file__).parent), "")
    result = pytester.runpytest_subprocess(*PLUGIN, "--markers")
    result.stdout.fnmatch_lines(["@pytest.mark.parity(data=None, precision='both', *"])

"""References: how a file, a name and data become an experiment, and what of a mistake is said."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from multibackend import Dataset, MultibackendError, Plan, Split
from multibackend.datasets.npz import as_dataset, load_dataset, save_dataset
from multibackend.experiments.arrays import leaves
from multibackend.experiments.catalogue import select_experiments
from multibackend.experiments.importing import import_file
from multibackend.experiments.reference import name_function, parse_reference, shorten
from multibackend.experiments.sources import list_sources
from multibackend.launch.fingerprint import fingerprint
from multibackend.launch.probing import Interpreter
from multibackend.launch.settings import Settings
from multibackend.train.load import load_experiment
from multibackend.train.own_model import SHORT_PLAN


@pytest.fixture(autouse=True)
def _own_modules() -> Iterator[None]:
    """What a test imports from its folder is gone after it."""
    modules, path = set(sys.modules), list(sys.path)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / f"{name.replace('__in__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / f"{next(iter(files))}.py"


@pytest.mark.parametrize(
    ("text", "path", "name", "data"),
    [
        ("net.py:build", "net.py", "build", ""),
        ("a b/net.py:Nets.build", "a b/net.py", "Nets.build", ""),
        ("net.py:build@load", "net.py", "build", "load"),
        ("me@home/net.py:build@d/x.npz", "me@home/net.py", "build", "d/x.npz"),
        ("net.py:build@other.py:load", "net.py", "build", "other.py:load"),
    ],
)
def test_a_reference_reads_as_it_is_written(text: str, path: str, name: str, data: str) -> None:
    reference = parse_reference(text)
    assert reference is not None
    assert (str(reference.path), reference.name, reference.data) == (path, name, data)
    assert str(reference) == text
    assert parse_reference("B9") is None


def test_names_are_shown_without_folders() -> None:
    assert shorten("/a/b/net.py:build") == "net.py:build"
    assert shorten("a@b/net.py:build@c/d/x.npz") == "net.py:build@x.npz"
    assert shorten("A5-raw") == "A5-raw"


def test_a_function_becomes_an_experiment_with_the_files_data_and_plans(tmp_path: Path) -> None:
    text = """
import numpy as np
from multibackend import Plan
plan = Plan(epochs=7, batch_size=4)
def build(): return "a model"
def load_data(): return np.zeros((9, 2)), np.ones(9)
def load_others(): return np.zeros((5, 2)), np.ones(5), np.full(5, 2.0)
"""
    path = write(tmp_path, net=text)
    experiment = load_experiment(f"{path}:build")
    assert experiment.build_model() == "a model"
    assert experiment.plan == experiment.quick == Plan(epochs=7, batch_size=4)
    data = experiment.load_data()
    assert (data.training.rows, data.test.rows, data.origin) == (9, 9, "")
    others = load_experiment(f"{path}:build@load_others").load_data()
    assert others.training.rows == 5
    assert others.training.sample_weights is not None
    elsewhere = write(tmp_path / "elsewhere", loading=text)
    assert load_experiment(f"{path}:build@{elsewhere}:load_others").load_data().training.rows == 5
    saved = save_dataset(data, tmp_path)
    assert load_experiment(f"{path}:build@{saved}").load_data().training.rows == 9
    without = write(tmp_path / "without", plain="def build(): return 0")
    assert load_experiment(f"{without}:build").plan == SHORT_PLAN


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("missing", "", "has no 'missing'; expected an Experiment, or a function"),
        ("number", "number = 3", "'number' is int; expected an Experiment, or a function"),
        ("build", "def build(size, depth=3): ...", "wants the arguments size; expected"),
        ("model", "class M:\n def compile(self): ...\n def __call__(self): ...\nmodel = M()", "is M already built"),
        ("build", "plan = 3\ndef build(): ...", "'plan' in .* is int; expected a multibackend.Plan"),
        ("build", "load_data = 3\ndef build(): ...", "'load_data' in .* is int; expected a function"),
        ("build@load", "def build(): ...", "has no 'load'; expected a function"),
    ],
)
def test_a_mistake_is_said_in_one_line(tmp_path: Path, name: str, text: str, words: str) -> None:
    path = write(tmp_path, net=text)
    with pytest.raises(MultibackendError, match=words) as caught:
        load_experiment(f"{path}:{name}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "got"), [("3", "int"), ("(1, 2, 3, 4)", "a tuple of 4"), ("None", "NoneType"), ("{'x': 1}", "dict")]
)
def test_nonsense_from_load_data_is_said_in_one_line(tmp_path: Path, given: str, got: str) -> None:
    path = write(tmp_path, net=f"def build(): ...\ndef load_data(): return {given}")
    with pytest.raises(MultibackendError, match=f"net.py:load_data gave {got}; expected a Dataset, a Split") as caught:
        load_experiment(f"{path}:build").load_data()
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_said_before_anything_is_trained(tmp_path: Path) -> None:
    path = write(tmp_path, net="def build(): ...")
    with pytest.raises(MultibackendError, match=r"no file 'nowhere.py'"):
        select_experiments(["nowhere.py:build"])
    with pytest.raises(MultibackendError, match=r"no file 'no.npz' to take data from; expected .*@data.npz"):
        select_experiments([f"{path}:build@no.npz"])
    (tmp_path / "bad.npz").write_bytes(b"nonsense")
    with pytest.raises(MultibackendError, match=r"bad.npz: can't be read as .npz"):
        load_experiment(f"{path}:build@{tmp_path}/bad.npz").load_data()
    np.savez(tmp_path / "odd.npz", z=np.zeros(3))
    with pytest.raises(MultibackendError, match=r"odd.npz: holds z; expected x and y"):
        load_dataset(tmp_path / "odd.npz")


def test_what_lies_beside_a_file_is_imported_and_not_taken_for_anothers(tmp_path: Path) -> None:
    text = "import helper\ndef build():\n import late\n return helper.NAME + late.NAME"
    first = write(tmp_path / "one", net=text, helper="NAME = 'one'", late="NAME = '!'")
    second = write(tmp_path / "two", net=text, helper="NAME = 'two'", late="NAME = '?'")
    for _ in range(2):
        assert import_file(first).build() == "one!"
        assert import_file(second).build() == "two?"
    assert str(first.parent) not in sys.path


def test_a_file_in_a_package_imports_as_one(tmp_path: Path) -> None:
    package = tmp_path / "library_of_mine"
    write(
        package,
        __init__="",
        models="from .parts import NAME\nfrom library_of_mine.parts import NAME as SAME",
        parts="NAME = 3",
    )
    module = import_file(package / "models.py")
    assert (module.__name__, module.NAME, module.SAME) == ("library_of_mine.models", 3, 3)


def test_the_sources_are_those_that_lie_beside(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        net="import os, numpy\nfrom helper import a\ndef build():\n from parts import wheel",
        helper="import deeper",
        deeper="",
        unused="",
        parts__in____init__="",
        parts__in__wheel="from . import rim",
        parts__in__rim="",
        parts__in__unused="",
    )
    names = {str(source.relative_to(tmp_path.resolve())) for source in list_sources(path)}
    assert names == {"net.py", "helper.py", "deeper.py", "parts/__init__.py", "parts/wheel.py", "parts/rim.py"}


def test_a_change_beside_the_model_or_in_its_data_is_trained_anew(tmp_path: Path) -> None:
    path = write(tmp_path, net="import helper\ndef build(): ...", helper="RATE = 1", unused="")
    np.savez(tmp_path / "d.npz", x=np.zeros((3, 1)), y=np.zeros(3))
    interpreter = Interpreter("jax", sys.executable, {"python": "3"}, {})

    def take() -> str:
        return fingerprint(interpreter, Settings(device="cpu"), [f"{path}:build@{tmp_path}/d.npz"])

    first = take()
    write(tmp_path, unused="RATE = 2")
    assert take() == first
    write(tmp_path, helper="RATE = 2")
    second = take()
    assert second != first
    np.savez(tmp_path / "d.npz", x=np.ones((3, 1)), y=np.zeros(3))
    assert take() not in (first, second)


@pytest.mark.parametrize(
    "structure",
    [
        lambda a, b: (a, b),
        lambda a, b: ({"left": a, "right": a + 1}, [b, b + 1]),
        lambda a, b: ([a], {"only": b}),
    ],
)
def test_a_dataset_is_the_same_after_saving(tmp_path: Path, structure: Any) -> None:
    a, b = np.arange(12.0).reshape(6, 2), np.arange(6)
    split = Split(*structure(a, b), np.ones(6) if not isinstance(structure(a, b)[1], list | dict) else None)
    data = Dataset(split, split.take(slice(0, 2)), split.take(slice(0, 3)))
    path = save_dataset(data, tmp_path)
    assert save_dataset(data, tmp_path) == path
    read = load_dataset(path)
    for name in ("training", "test", "validation"):
        for part in ("inputs", "targets", "sample_weights"):
            old, new = (getattr(getattr(d, name), part) for d in (data, read))
            assert type(old) is type(new)
            for (key, x), (other, y) in zip(leaves(old), leaves(new), strict=True):
                assert key == other
                np.testing.assert_array_equal(x, y, strict=True)
    assert save_dataset(Dataset(split.take(slice(0, 5)), data.test), tmp_path) != path


def test_a_data_file_that_was_damaged_is_refused_and_written_anew(tmp_path: Path) -> None:
    data = Dataset(Split(np.arange(400.0).reshape(200, 2), np.arange(200)), Split(np.zeros((3, 2)), np.zeros(3)))
    path = save_dataset(data, tmp_path)
    whole = path.read_bytes()
    with np.load(path) as file:
        other = dict(file) | {"training.targets": np.arange(200) + 1}
    buffer = io.BytesIO()
    np.savez(buffer, **other)
    for content, words in (
        (whole[: len(whole) // 2], "can't be read as .npz"),
        (b"", "can't be read as .npz"),
        (buffer.getvalue(), "damaged: its arrays have another SHA-256 than it says; remove that file"),
    ):
        path.write_bytes(content)
        with pytest.raises(MultibackendError, match=words):
            load_dataset(path)
        assert save_dataset(data, tmp_path) == path
        assert path.read_bytes() == whole
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_rows_given_once_are_trained_and_tested_on() -> None:
    split = Split(np.zeros((3, 1)), np.zeros(3))
    assert as_dataset(split, "") == Dataset(split, split)
    dataset = Dataset(split, split)
    assert as_dataset(dataset, "") is dataset


def test_a_function_is_named_by_its_file() -> None:
    reference = name_function(write, "model")
    assert (reference.path.name, reference.name, reference.data) == ("test_reference.py", "write", "")

    def inner() -> None: ...

    impostor = lambda: None  # noqa: E731
    impostor.__qualname__ = "write"
    for function, words in (
        (lambda: 0, "<lambda>"),
        (inner, "<locals>"),
        (print, "has no file"),
        (impostor, "another"),
    ):
        with pytest.raises(MultibackendError, match=words) as caught:
            name_function(function, "model")
        assert "define it at the top of a file" in str(caught.value)
        assert "\n" not in str(caught.value)

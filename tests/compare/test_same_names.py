"""Two files of one name in two folders: their experiments are two, and every report tells one from the other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from fakes.synthetic import Setting, alter, train_all, with_array

from multibackend.cli import main
from multibackend.records.record import Run, save_record

FIRST, SECOND = "a/model.py:build", "b/model.py:build"


def test_the_words_for_a_run_name_its_task_and_its_repetition() -> None:
    assert str(Run(FIRST, "jax", "float64", "quick", 0)) == "model.py:build jax float64"
    assert str(Run(FIRST, "jax", "float32", "quick", 0, 2)) == "model.py:build jax float32 perturbed 2"
    for task in ("trace", "isolation", "interchange"):
        assert str(Run(FIRST, "jax", "float64", "quick", 0, 0, task)) == f"model.py:build jax float64 {task}"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_both_are_compared_and_told_apart(tmp_path: Path) -> None:
    for name, seed in ((FIRST, 1), (SECOND, 2)):
        records = train_all(Setting(name=name, seed=seed), repetitions=1)
        if name == SECOND:
            records = alter(records, "torch", "float64", with_array("gradients/dense/kernel", lambda g: 2 * g))
        for record in records:
            save_record(record, tmp_path / "records")
    output = tmp_path / "compared"
    result = CliRunner().invoke(main, ["compare", str(tmp_path / "records"), "--output", str(output)])
    assert result.exit_code == 1, result.output
    results = json.loads((output / "results.json").read_text())
    assert results["verdicts"][FIRST]["float64"] == "same"
    assert results["verdicts"][SECOND]["float64"] == "torch differs at gradients"
    shown = "".join(result.output.split())  # the table folds names
    page = (output / "results.md").read_text()
    for name in (FIRST, SECOND):
        assert name in shown
        assert f"| {name} |" in page
        assert f'classname="{name}"' in (output / "junit.xml").read_text()
    assert f"**{SECOND}, float64, jax-torch, gradients**" in page
    assert len(list((output / "figures").iterdir())) == 2

"""`multibackend equivalence`, through the front door and on all three backends: slower fails as well as faster.

MULTIBACKEND_PYTHON names the three interpreters, as the nox sessions set it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from multibackend.records.record import load_record

FAULTY = Path(__file__).parents[1] / "power" / "convergence.py"
NAMES = ("sound", "slower", "faster")
ACCUSED = {"slower": "torch", "faster": "jax"}


def run_equivalence(output: Path, *options: str, names: Sequence[str] = NAMES) -> subprocess.CompletedProcess[str]:
    references = [f"{FAULTY}:{name}" for name in names]
    command = [sys.executable, "-m", "multibackend", "equivalence", *references, "--output", str(output), *options]
    environment = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"} | {"COLUMNS": "160"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("equivalence")


@pytest.fixture(scope="module")
def finished(output: Path) -> subprocess.CompletedProcess[str]:
    return run_equivalence(output)


@pytest.fixture(scope="module")
def study(finished: subprocess.CompletedProcess[str], output: Path) -> dict[str, Any]:
    assert finished.returncode == 1, finished.stderr
    content: dict[str, Any] = json.loads((output / "equivalence.json").read_text(encoding="utf-8"))
    return content


def of(study: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [result for result in study["results"] if result["experiment"].endswith(f":{name}")]


def test_sound_backends_are_equivalent_with_power_to_spare(study: dict[str, Any]) -> None:
    results = of(study, "sound")
    assert len(results) == 3 * 2  # pairs, and losses: there are no validation rows
    assert {result["status"] for result in results} == {"equivalent"}
    assert min(result["power"] for result in results) > 0.999
    assert max(result["detectable"] for result in results) < 1e-3


@pytest.mark.parametrize("name", ACCUSED)
def test_who_converges_otherwise_is_named_with_the_direction(
    study: dict[str, Any], finished: subprocess.CompletedProcess[str], name: str
) -> None:
    accused = ACCUSED[name]
    for result in of(study, name):
        assert result["status"] == ("different" if accused in result["pair"] else "equivalent"), result["detail"]
    verdicts = next(verdicts for key, verdicts in study["verdicts"].items() if key.endswith(f":{name}"))
    assert verdicts["float32"].startswith(f"{accused} converges {name}, by up to ")
    assert f"convergence.py:{name} float32: {verdicts['float32']}" in finished.stdout


def test_each_seed_is_paired_across_backends_and_differs_from_the_others(study: dict[str, Any], output: Path) -> None:
    assert study["seeds"] == [0, 1, 2, 3, 4]
    starts, orders = [], []
    for seed in study["seeds"]:
        records = [load_record(path.parent) for path in (output / f"seed-{seed}").rglob("record.json")]
        sound = [record for record in records if record.run.experiment.endswith(":sound")]
        assert [record.run.seed for record in sound] == [seed] * 3
        drawn = [{k: w.tobytes() for k, w in r.group("initial_weights").items()} for r in sound]
        assert drawn[0] == drawn[1] == drawn[2]
        starts.append(tuple(drawn[0].values()))
        orders.append({record.digests["batch_order"] for record in sound})
    assert all(len(order) == 1 for order in orders)
    assert len(set.union(*orders)) == len(set(starts)) == 5


def test_sound_backends_pass_and_a_second_run_trains_nothing(
    finished: subprocess.CompletedProcess[str], output: Path
) -> None:
    assert finished.returncode == 1
    before = {path: path.stat().st_mtime_ns for path in output.rglob("record.json")}
    assert len(before) == 3 * 3 * 5
    again = run_equivalence(output, names=("sound",))
    assert again.returncode == 0, again.stdout
    assert {path: path.stat().st_mtime_ns for path in output.rglob("record.json")} == before


def test_four_seeds_are_refused_in_a_line(tmp_path: Path) -> None:
    refused = run_equivalence(tmp_path / "never", "--seeds", "4")
    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [
        "multibackend: error: equivalence: got 4 seeds; expected at least 5 for a paired test: --seeds 5"
    ]
    assert not (tmp_path / "never").exists()

"""The study: `multibackend` trains every fault and every clean run on all backends and compares them; all is scored."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console

from multibackend.compare import load_runs
from multibackend.engine.backends import BACKENDS
from multibackend.experiments.choices import PRECISIONS
from multibackend.launch.choosing import name_pythons
from multibackend.launch.dispatch import list_trainings, run_trainings
from multibackend.launch.output_folder import open_folder
from multibackend.launch.settings import Execution, Settings
from power.lending import lend
from power.numerical_test import find_differences
from power.results import Found, Results, Started, read_results
from power.score import Score, Share, find_false_alarms, score_fault, total
from power.table import Fault

T = TypeVar("T", Found, Started)

HERE = Path(__file__).resolve().parent
CORPUS = Path("power/corpus.py")
MODELS = (
    *("dense", "normalised", "convolution", "pooling", "lstm", "gru", "attention", "branches", "nested", "shared"),
    *("subclassed", "weighted", "added", "decoder", "causal"),
)
OTHERS = {
    "adam": "dense subclassed",
    "momentum": "normalised convolution pooling attention branches nested decoder causal",
}
"""Clean runs with another optimizer than the model's own. No optimizer that squares gradients trains an Embedding: see
the fault `repeated_words_squared`."""

REQUIRED = {"detected": 0.95, "stage": 0.95, "layer or variable": 0.90, "step": 0.90, "false alarms": 0.01}


@dataclass(frozen=True)
class Clean:
    """The clean runs, and the ones that we, and Keras' own test, called different."""

    names: tuple[str, ...]
    alarms: dict[str, str]
    keras_alarms: dict[str, str]


@dataclass(frozen=True)
class Measured:
    """Everything measured. `keras_found` holds what Keras' own test found, by fault."""

    scores: tuple[Score, ...]
    keras_found: dict[str, str]
    clean: Clean
    environments: tuple[dict[str, Any], ...]
    seconds: dict[str, float]
    day: str

    @property
    def totals(self) -> dict[str, Share]:
        """Our scores."""
        return total(self.scores) | {"false alarms": Share(len(self.clean.alarms), len(self.clean.names))}

    @property
    def keras_totals(self) -> dict[str, Share]:
        """The scores of Keras' own test, which names neither stage nor place."""
        return {
            "detected": Share(len(self.keras_found), len(self.scores)),
            "false alarms": Share(len(self.clean.keras_alarms), len(self.clean.names)),
        }

    @property
    def missed(self) -> list[str]:
        """The names of the requirements that aren't met."""
        shares = self.totals
        below = [name for name, least in REQUIRED.items() if name != "false alarms" and shares[name].value < least]
        return below + ["false alarms"] * (shares["false alarms"].value > REQUIRED["false alarms"])


def measure(faults: Sequence[Fault], seeds: int, output: Path) -> Measured:
    """Train, compare and score everything."""
    started = time.monotonic()
    clean = compare_clean(seeds, output / "clean")
    after_clean = time.monotonic()
    if seeds:
        lend(faults, output / "clean" / "seed-0" / "records", output / "faults" / "records", CORPUS)
    results = run("parity", *(f"{CORPUS}:{fault.name}" for fault in faults), output=output / "faults")
    findings, origins = group_by_name(results.findings), group_by_name(results.origins)
    differences = compare_histories(output / "faults")
    return Measured(
        scores=tuple(
            score_fault(fault, findings.get(fault.name, []), results.stages, origins.get(fault.name, []))
            for fault in faults
        ),
        keras_found={
            fault.name: describe(found)
            for fault in faults
            if (found := {p: key for p, key in differences[fault.name].items() if set(p) & set(fault.backends)})
        },
        clean=clean,
        environments=results.environments,
        seconds={"clean runs": after_clean - started, "faults": time.monotonic() - after_clean},
        day=datetime.now(UTC).date().isoformat(),
    )


def compare_clean(seeds: int, output: Path) -> Clean:
    """Train the clean experiments with each seed and compare them; with the first seed also exchange saved models."""
    names, alarms, keras_alarms = list[str](), dict[str, str](), dict[str, str]()
    train_clean(seeds, output)
    for seed in range(seeds):
        folder = output / f"seed-{seed}"
        command = ["compare", str(folder)] if seed else ["parity", *(f"{CORPUS}:{name}" for name in list_clean())]
        found = run(*command, output=folder)
        alarmed = find_false_alarms(found.findings, found.failed)
        names += [f"{name}, seed {seed}" for name in list_clean()]
        alarms |= {f"{shorten(name)}, seed {seed}": detail for name, detail in alarmed.items()}
        histories = compare_histories(folder)
        keras_alarms |= {f"{name}, seed {seed}": describe(pairs) for name, pairs in histories.items() if pairs}
    return Clean(tuple(names), alarms, keras_alarms)


def list_clean() -> list[str]:
    """List the clean experiments: each model with its own optimizer, and with others."""
    others = [f"clean-{model}-{optimizer}" for optimizer, models in OTHERS.items() for model in models.split()]
    return [f"clean-{model}" for model in MODELS] + others


def run(*arguments: str, output: Path) -> Results:
    """Run a command of `multibackend`; return its results."""
    command = [sys.executable, "-m", "multibackend", *arguments, "--output", str(output)]
    finished = subprocess.run(command, cwd=HERE.parent, check=False, stdout=subprocess.DEVNULL)
    if finished.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)}: exit code {finished.returncode}; expected 0 or 1")
    return read_results(output / "results.json")


def train_clean(seeds: int, output: Path) -> None:
    """Train the clean experiments with all seeds, so that each model is compiled once; one seed is left to `parity`."""
    if seeds > 1:
        with open_folder(output) as folder:
            run_trainings(
                [f"{CORPUS}:{name}" for name in list_clean()],
                BACKENDS,
                list_trainings(PRECISIONS, repeated=True),
                Settings(seeds=seeds),
                Execution(name_pythons([]), folder, Console(stderr=True)),
            )


def shorten(experiment: str) -> str:
    """Return the name of an experiment of the corpus without its file."""
    return experiment.rpartition(":")[2]


def group_by_name(findings: Iterable[T]) -> dict[str, list[T]]:
    """Group findings, or origins, by the name of their fault."""
    groups: dict[str, list[T]] = {}
    for finding in findings:
        groups.setdefault(shorten(finding.experiment), []).append(finding)
    return groups


def compare_histories(output: Path) -> dict[str, dict[tuple[str, str], str]]:
    """Apply Keras' own test to the records below a folder; return what differs, by experiment."""
    groups: dict[str, list[Any]] = {}
    for record in load_runs([output / "records"]):
        groups.setdefault(shorten(record.run.experiment), []).append(record)
    return {name: find_differences(records) for name, records in groups.items()}


def describe(differences: dict[tuple[str, str], str]) -> str:
    """Write pairs and keys in a line."""
    return "; ".join(f"{'-'.join(pair)}: {key}" for pair, key in differences.items())

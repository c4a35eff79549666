from dataclasses import replace

import pytest
from fakes.synthetic import BACKENDS, Setting, alter, train_all, with_array

from multibackend.compare import Comparison, compare_records
from multibackend.records.record import Record, Run


@pytest.fixture(scope="session")
def records() -> list[Record]:
    """Healthy, diverging, faulty, failed, and not run: one experiment each."""
    faulty = alter(
        train_all(Setting(name="D3")), "torch", "float32", with_array("gradients/dense/kernel", lambda g: 2 * g)
    )
    crash = "killed by \x1b[31msignal 9\x1b[0m | after 3 s"
    failed = [
        replace(record, status="failed", reason=crash, arrays={})
        if (record.run.backend, record.run.precision, record.run.perturbation) == ("jax", "float64", 0)
        else record
        for record in train_all(Setting(name="E7"))
    ]
    not_run = [
        Record(Run("B12", backend, precision, "quick", 7, perturbation), "not-run", "no CIFAR-10 here")
        for backend in BACKENDS
        for precision, perturbation in (("float64", 0), ("float32", 0), ("float32", 1))
    ]
    diverging = Setting(name="A5-raw", classify=False, scale=300.0, diverges=True, rate=0.003, epochs=2)
    return [*train_all(Setting()), *train_all(diverging), *faulty, *failed, *not_run]


@pytest.fixture(scope="session")
def comparison(records: list[Record]) -> Comparison:
    return compare_records(records, None)

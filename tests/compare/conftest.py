import pytest
from fakes.synthetic import Setting, train_all

from multibackend.records.record import Record


@pytest.fixture(scope="session")
def records() -> list[Record]:
    """A healthy experiment: every backend and precision, two perturbed repetitions."""
    return train_all(Setting())


@pytest.fixture(scope="session")
def diverging() -> list[Record]:
    """An experiment that is meant to diverge, and does."""
    return train_all(Setting(name="A5-raw", classify=False, scale=300.0, diverges=True, rate=0.003, epochs=2))

import sys
from pathlib import Path

import pytest

# The synthetic records are shared with tests/report, which is a folder beside this one.
sys.path.insert(0, str(Path(__file__).parent))

from synthetic import Setting, train_all

from multibackend.record import Record


@pytest.fixture(scope="session")
def records() -> list[Record]:
    """A healthy experiment: every backend and precision, two perturbed repetitions."""
    return train_all(Setting())


@pytest.fixture(scope="session")
def diverging() -> list[Record]:
    """An experiment that is meant to diverge, and does."""
    return train_all(Setting(name="A5-raw", classify=False, scale=300.0, diverges=True, rate=0.003, epochs=2))

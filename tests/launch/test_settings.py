"""Settings: frozen values, refused in a line where no training could have them."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from multibackend.errors import MultibackendError
from multibackend.launch.dispatch import list_trainings
from multibackend.launch.settings import Settings, Training


def test_settings_are_values() -> None:
    assert Settings(seed=3) == Settings("quick", 3, "auto", 1, True, 1)
    assert len({Settings(), Settings(seed=0), Settings(seed=1)}) == 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().seed = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"profile": "slow"}, "profile: got 'slow'; expected one of quick, full"),
        ({"device": "tpu"}, "device: got 'tpu'; expected one of auto, cpu, cuda"),
        ({"seed": -1}, "seed: got -1; expected a whole number of at least 0"),
        ({"seed": 1.0}, "seed: got 1.0; expected a whole number"),
        ({"threads": 0}, "threads: got 0; expected a whole number of at least 1"),
        ({"threads": True}, "threads: got True; expected a whole number"),
        ({"seeds": 0}, "seeds: got 0; expected a whole number of at least 1"),
    ],
)
def test_a_value_that_no_training_can_have_is_refused_in_a_line(given: dict[str, Any], words: str) -> None:
    with pytest.raises(MultibackendError, match=words) as caught:
        Settings(**given)
    assert "\n" not in str(caught.value)


def test_float32_is_trained_twice_where_rounding_is_to_be_measured() -> None:
    assert list_trainings(("float64", "float32"), repeated=True) == [
        Training("float64"), Training("float32"), Training("float32", 1),
    ]  # fmt: skip
    assert list_trainings(("float32",), repeated=False) == [Training("float32")]

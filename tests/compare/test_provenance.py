"""A record that is another backend's is refused; one that agrees with another's by exact arithmetic is noted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.synthetic import Setting, describe_environment, train

from multibackend.compare.provenance import list_differences
from multibackend.compare.runs import load_runs
from multibackend.errors import RecordError
from multibackend.records.record import save_record


def save_twice(folder, change):
    """JAX's training, and the same under torch's name, with torch's environment and other seconds."""
    ours = train(Setting(), "jax", "float32")
    ours = replace(ours, arrays={key: change(array) for key, array in ours.arrays.items()})
    seconds = {phase: value + 0.25 for phase, value in ours.wall_seconds.items()}
    environment = ours.environment | describe_environment("torch")
    theirs = replace(ours, run=replace(ours.run, backend="torch"), environment=environment, wall_seconds=seconds)
    for record in (ours, theirs):
        save_record(record, folder)


def test_the_same_bits_under_another_name_are_refused_whatever_else_it_says(tmp_path):
    save_twice(tmp_path, lambda array: array)
    with pytest.raises(RecordError, match=r"torch float32: it has the same bits in every array as .* jax float32"):
        load_runs([tmp_path])


def test_what_needed_no_rounding_may_agree_to_the_bit_and_is_noted(tmp_path):
    save_twice(tmp_path, lambda array: np.round(array * 8) / 8 if array.dtype.kind == "f" else array)
    (note,) = [text for text in list_differences(load_runs([tmp_path])) if "same bits" in text]
    assert note.endswith("hold the same bits in every array")

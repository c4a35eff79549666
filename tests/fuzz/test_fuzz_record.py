"""Whatever lies in a record's folder, reading it gives a record or a RecordError: one line, and no other error."""

from __future__ import annotations

import json
import tempfile
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from foreign import words
from hypothesis import example, given
from hypothesis import strategies as st

from multibackend.errors import RecordError
from multibackend.records.record import ARRAYS_FILE, RECORD_FILE, Record, Run, load_record, save_record

json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), words),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=6,
)


@cache
def healthy() -> dict[str, bytes]:
    """The two files of a record as we write it."""
    run = Run("E4", "jax", "float32", "quick", 0)
    arrays = {"losses": np.arange(5.0), "initial_weights/dense/kernel": np.ones((2, 3), "float32")}
    record = Record(
        run, "finished", plan={"epochs": 1, "batch_size": 16}, environment={"packages": {"keras": "3.15.1"}},
        structure={"layers": [{"path": "dense"}], "parameters": {"total": 6}}, digests={"batch_order": "a" * 64},
        arrays=arrays,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        target = save_record(record, Path(folder))
        return {name: (target / name).read_bytes() for name in (RECORD_FILE, ARRAYS_FILE)}


def read(files: dict[str, bytes]) -> None:
    """Read a record and all that is in it."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        try:
            record = load_record(Path(folder))
            for key in record.arrays:
                assert isinstance(record.arrays[key], np.ndarray)
            hash(record.run)
            str(record.run)
            record.run.folder.relative_to(".")
        except RecordError as error:
            assert str(error).startswith("record")


@st.composite
def altered_bytes(draw: st.DrawFn, name: str) -> bytes:
    """A file with bytes cut out, put in, or replaced."""
    content = healthy()[name]
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 40)))
        content = content[:start] + draw(st.binary(max_size=40)) + content[end:]
    return content


@given(altered_bytes(RECORD_FILE))
def test_bytes_of_the_header(content: bytes) -> None:
    read(healthy() | {RECORD_FILE: content})


@given(altered_bytes(ARRAYS_FILE))
def test_bytes_of_the_arrays(content: bytes) -> None:
    read(healthy() | {ARRAYS_FILE: content})


@given(st.binary(max_size=200), st.binary(max_size=200))
@example(b"[" * 100_000, b"")
@example(b'{"a":' * 100_000, b"")
@example(b"9" * 10_000, b"")
def test_files_of_any_kind(header: bytes, arrays: bytes) -> None:
    read({RECORD_FILE: header, ARRAYS_FILE: arrays})


@given(st.sampled_from([field.name for field in fields(Record)]), json_values)
def test_a_field_of_another_kind(name: str, value: Any) -> None:
    header = json.loads(healthy()[RECORD_FILE]) | {name: value}
    read(healthy() | {RECORD_FILE: json.dumps(header).encode()})


@given(st.sampled_from([field.name for field in fields(Run)]), json_values)
def test_a_field_of_the_run_of_another_kind(name: str, value: Any) -> None:
    header = json.loads(healthy()[RECORD_FILE])
    header["run"][name] = value
    read(healthy() | {RECORD_FILE: json.dumps(header).encode()})


@given(json_values)
def test_a_header_of_another_kind(value: Any) -> None:
    read(healthy() | {RECORD_FILE: json.dumps(value).encode()})


@given(st.dictionaries(words, json_values, max_size=3), st.binary(max_size=64))
def test_a_header_of_arrays_of_another_kind(header: dict[str, Any], rest: bytes) -> None:
    text = json.dumps(header).encode()
    read(healthy() | {ARRAYS_FILE: len(text).to_bytes(8, "little") + text + rest})


@given(
    st.sampled_from(["F64", "F32", "F16", "BF16", "I64", "BOOL", "U8", "F8_E4M3", "X"]),
    st.lists(st.integers(-1, 1 << 64), max_size=4),
    st.lists(st.integers(-1, 1 << 64), min_size=2, max_size=2),
)
def test_arrays_that_claim_more_than_there_is(dtype: str, shape: list[int], offsets: list[int]) -> None:
    header = {"losses": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}
    text = json.dumps(header).encode()
    read(healthy() | {ARRAYS_FILE: len(text).to_bytes(8, "little") + text + bytes(64)})

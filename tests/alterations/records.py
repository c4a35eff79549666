"""Records on disk to alter: healthy ones, and changes of them that are signed.

An attacker of average care alters a header or an array file, and computes its sums anew. Such alterations meet the
checks of meaning; those that aren't signed meet the sums.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from fakes.synthetic import Setting, train_all
from safetensors.numpy import load_file, save_file

from multibackend.files.reading import digest_file
from multibackend.records.header import digest_header
from multibackend.records.record import ARRAYS_FILE, MODEL_FILE, RECORD_FILE, save_record

Header = dict[str, Any]
Arrays = dict[str, np.ndarray]


def write_healthy(folder: Path) -> None:
    """Write a healthy experiment: three backends, both precisions, a repetition, and what each loads of the others."""
    for record in train_all(Setting(name="E4", hidden=4, epochs=2, rows=64), repetitions=1):
        saved = {MODEL_FILE: f"the model of {record.run}".encode()} if record.run.task == "training" else {}
        save_record(replace(record, files=saved, fingerprint="f" * 32, peak_bytes=1 << 28), folder)


def find_folders(records: Path, *parts: str) -> list[Path]:
    """The records whose folders' names start with one of these, all but the first in order; all where none is named."""
    folders = sorted(path.parent for path in records.rglob(RECORD_FILE))
    return [f for f in folders if not parts or any(f.name == p or f.name.startswith(f"{p}-perturbed") for p in parts)]


def sign(folder: Path, header: Header | None = None, text: str | None = None) -> None:
    """Write a header with the sums of the files as they now are."""
    header = json.loads((folder / RECORD_FILE).read_text()) if header is None else header
    sums = {}
    for path in sorted(folder.iterdir()):
        if path.name != RECORD_FILE and path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                sums[path.name] = digest_file(file)
    if isinstance(header.get("sums"), dict):
        header = header | {"sums": sums}
    header = {key: value for key, value in header.items() if key != "sha256"}
    try:
        header["sha256"] = digest_header(header)
    except (ValueError, RecursionError):
        header["sha256"] = "0" * 64
    (folder / RECORD_FILE).write_text(json.dumps(header) if text is None else text, encoding="utf-8")


def edit_header(*where: str, change: Callable[[Header], None], signed: bool = True) -> Callable[[Path], None]:
    """A change of the headers of these records."""

    def apply(records: Path) -> None:
        for folder in find_folders(records, *where):
            header = json.loads((folder / RECORD_FILE).read_text())
            change(header)
            if signed:
                sign(folder, header)
            else:
                (folder / RECORD_FILE).write_text(json.dumps(header))

    return apply


def set_field(path: str, value: Any, *where: str, signed: bool = True) -> Callable[[Path], None]:
    """Set a field, such as `structure.layers.0.path`, of these records."""

    def change(header: Header) -> None:
        *parents, last = path.split(".")
        inner: Any = header
        for key in parents:
            inner = inner[int(key) if isinstance(inner, list) else key]
        inner[int(last) if isinstance(inner, list) else last] = value

    return edit_header(*where, change=change, signed=signed)


def drop_field(path: str, *where: str) -> Callable[[Path], None]:
    """Remove a field of these records."""

    def change(header: Header) -> None:
        *parents, last = path.split(".")
        inner: Any = header
        for key in parents:
            inner = inner[int(key) if isinstance(inner, list) else key]
        del inner[int(last) if isinstance(inner, list) else last]

    return edit_header(*where, change=change)


def edit_arrays(*where: str, change: Callable[[Arrays], None], signed: bool = True) -> Callable[[Path], None]:
    """A change of the arrays of these records."""

    def apply(records: Path) -> None:
        for folder in find_folders(records, *where):
            arrays = load_file(folder / ARRAYS_FILE)
            change(arrays)
            save_file({key: np.array(array, order="C") for key, array in arrays.items()}, folder / ARRAYS_FILE)
            if signed:
                sign(folder)

    return apply


def edit_file(name: str, change: Callable[[Path], None], where: str, signed: bool = False) -> Callable[[Path], None]:
    """Do something to a file of a record."""

    def apply(records: Path) -> None:
        for folder in find_folders(records, where)[:1]:
            change(folder / name)
            if signed:
                sign(folder)

    return apply


def edit_array_header(where: str, change: Callable[[Header], None]) -> Callable[[Path], None]:
    """A change of the header of an array file, whose arrays stay."""

    def apply(records: Path) -> None:
        path = find_folders(records, where)[0] / ARRAYS_FILE
        content = path.read_bytes()
        length = struct.unpack("<Q", content[:8])[0]
        header = json.loads(content[8 : 8 + length])
        change(header)
        text = json.dumps(header).encode()
        path.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + length :])
        sign(path.parent)

    return apply


def list_keys(records: Path, folder: str) -> Iterator[str]:
    """The names of a record's arrays."""
    yield from load_file(find_folders(records, folder)[0] / ARRAYS_FILE)

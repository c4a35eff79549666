"""Archives: a `model.keras` from elsewhere, checked before Keras opens it.

Keras makes whatever objects the configuration of such a file names, unpacks whatever it claims to hold, and follows the
links of its HDF5 file. So nothing is left to the file. Its members are read within bounds, its configuration must be
that of the experiment's own model (`saved_config.py`), and its weights must lie in it as plain arrays. What passed is
written to another file, and only that is given to Keras.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from multibackend.errors import MultibackendError, RecordError
from multibackend.records.reading import read_regular

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
REQUIRED = {CONFIG, METADATA, WEIGHTS}

ASSETS = "assets/"
ASSET = re.compile(ASSETS + r"(\w[\w.-]*/)*\w[\w.-]*", re.ASCII)
"""A file that a layer of Keras keeps beside its weights, such as a vocabulary."""

MOST_MEMBERS = 1000
DIRECTORY_END = 22
"""Bytes of a ZIP file's last record without a comment, as Keras writes it. Source: PKWARE's APPNOTE.TXT, 4.3.16."""

WEIGHTS_FACTOR, WEIGHTS_EXTRA = 10, 1 << 24
"""The largest file, as a multiple of the variables' bytes and some bytes more.

For each number of the model, a file holds 2 to 4 numbers, those of the optimizer included, and 2 KB for each array.
"""


class Refused(MultibackendError):
    """A file is not given to Keras; the message says why."""


def most_bytes(variables: int) -> int:
    """Return the size of the largest file for a model whose variables take so many bytes."""
    return WEIGHTS_FACTOR * variables + WEIGHTS_EXTRA


def read_members(path: Path, most: int) -> dict[str, bytes]:
    """Read a file's members; together they are no larger than the file, and the file no larger than `most` bytes.

    Raises:
        Refused: it isn't a file as Keras writes it: stored members, each once, under the names that Keras gives.
    """
    try:
        content = read_regular(path, most)
        _check_end(content)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            _check_names([member.filename for member in members])
            _check_stored(members)
            if sum(member.file_size for member in members) > len(content):
                raise Refused(f"the members of {path.name} claim more bytes than it has")
            return {member.filename: _read_member(archive, member) for member in members}
    except RecordError as error:
        raise Refused(str(error)) from error
    except (OSError, ValueError, NotImplementedError, EOFError, zipfile.BadZipFile) as error:
        raise Refused(f"{path.name} is no archive of Keras' ({error})") from error


def _check_end(content: bytes) -> None:
    """Make sure that the directory is so short that reading it costs nothing."""
    end = content[-DIRECTORY_END:]
    count = int.from_bytes(end[10:12], "little")
    if end[:4] != b"PK\x05\x06" or end[20:] != b"\0\0" or count > MOST_MEMBERS:
        raise Refused(f"not a ZIP file of at most {MOST_MEMBERS} members and 4 GiB, without a comment")
    if b"PK\x06\x07" in content[-DIRECTORY_END - 20 : -DIRECTORY_END] or int.from_bytes(end[12:16], "little") > 1 << 20:
        raise Refused("its directory is larger than 1 MiB")


def _check_names(names: list[str]) -> None:
    if len(set(names)) != len(names) or not set(names) >= REQUIRED:
        raise Refused(f"its members are {sorted(names)[:5]}; expected {sorted(REQUIRED)}, each once")
    if wrong := [name for name in names if name not in REQUIRED and not ASSET.fullmatch(name)]:
        raise Refused(f"it holds {wrong[0]!r}; expected {sorted(REQUIRED)} and assets alone")


def _check_stored(members: list[zipfile.ZipInfo]) -> None:
    for member in members:
        stored = member.compress_type == zipfile.ZIP_STORED and member.file_size == member.compress_size
        if not stored or member.flag_bits & 1:
            raise Refused(f"{member.filename} is compressed or encrypted; Keras stores it as it is")


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    content = archive.read(member)
    if len(content) != member.file_size:
        raise Refused(f"{member.filename} has {len(content)} bytes; expected {member.file_size}")
    return content


def check_weights(content: bytes, most: int) -> None:
    """Make sure that an HDF5 file holds only groups and plain arrays of numbers, of `most` bytes together.

    Raises:
        Refused: it links elsewhere, reads other files, compresses, or claims more than it holds.
    """
    import h5py

    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            total = sum(_check_dataset(dataset) for dataset in _walk(file, h5py))
    except (OSError, ValueError, KeyError, RuntimeError, TypeError) as error:
        raise Refused(f"{WEIGHTS} is no HDF5 file of Keras' ({error})") from error
    if total > most:
        raise Refused(f"{WEIGHTS} holds arrays of {total} bytes; expected at most {most}")


def _walk(file: Any, h5py: Any) -> Iterator[Any]:
    """Yield all datasets, found by hard links alone; each group is read once."""
    waiting, seen = [file], set()
    while waiting:
        group = waiting.pop()
        address = h5py.h5o.get_info(group.id).addr
        if address in seen:
            raise Refused(f"{WEIGHTS}: {group.name} is in itself")
        seen.add(address)
        for name in group:
            kind = group.get(name, getclass=True, getlink=True)
            if kind is not h5py.HardLink:
                raise Refused(f"{WEIGHTS}: {name!r} in {group.name} is a {kind.__name__}; it would be read elsewhere")
            item = group[name]
            if isinstance(item, h5py.Group):
                waiting.append(item)
            elif isinstance(item, h5py.Dataset):
                yield item
            else:
                raise Refused(f"{WEIGHTS}: {name!r} in {group.name} is neither group nor array")


def _check_dataset(dataset: Any) -> int:
    """Return the bytes of an array, all of which must lie in the file itself."""
    created = dataset.id.get_create_plist()
    if dataset.dtype.kind not in "fiubcV" or dataset.dtype.names or dataset.dtype.subdtype or dataset.shape is None:
        raise Refused(f"{WEIGHTS}: {dataset.name} holds {dataset.dtype}; expected numbers")
    if created.get_external_count() or dataset.is_virtual:
        raise Refused(f"{WEIGHTS}: {dataset.name} is read from other files")
    size: int = math.prod(dataset.shape) * dataset.dtype.itemsize
    if created.get_nfilters() or size != dataset.id.get_storage_size():
        raise Refused(f"{WEIGHTS}: {dataset.name} claims {size} bytes and stores {dataset.id.get_storage_size()}")
    return size


def write_archive(path: Path, members: Mapping[str, bytes]) -> None:
    """Write members as Keras writes them."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)

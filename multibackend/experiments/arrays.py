"""Arrays: a user's data, converted to arrays of numbers that every backend reads alike, or refused in a line.

| given | read as |
|---|---|
| float32, float64, bool, int8 to int64, uint8 | itself, without a copy |
| float16, bfloat16 | float32, exactly |
| longdouble | float64, if it doesn't become infinite: no backend has longer numbers |
| uint16, uint32, uint64 | int32, int64, int64 if all values fit: torch computes with few unsigned types |
| the other byte order, strides backwards | the same values in the machine's order |
| a masked array | its values if none is masked, else refused: a backend would train on the masked values |
| a list of numbers or of lists, a matrix, a table, a tensor | an array of its values |
| ragged lists, sparse, complex, dates, strings, objects, records | refused |

A change of dtype or of type is told to the user, and noted in the record. A list of arrays stands for several inputs
or outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from multibackend.errors import MultibackendError
from multibackend.text import sanitize

Arrays = np.ndarray | Sequence[np.ndarray] | Mapping[str, np.ndarray]
"""One array, or a list or dictionary of arrays for a model of several inputs or outputs."""


REPLACED = {
    "float16": "float32",
    "bfloat16": "float32",
    "uint16": "int32",
    "uint32": "int64",
    "uint64": "int64",
}

ADVICE = {
    "O": "objects; expected numbers: convert it in load_data, x.astype('float64')",
    "U": "strings; expected numbers: encode them in load_data",
    "S": "bytes; expected numbers: encode them in load_data",
    "T": "strings; expected numbers: encode them in load_data",
    "c": "complex numbers; expected real ones: give np.stack([x.real, x.imag], axis=-1)",
    "M": "dates; expected numbers: give (x - x[0]) / np.timedelta64(1, 's')",
    "m": "durations; expected numbers: give x / np.timedelta64(1, 's')",
    "V": "records; expected numbers: give each field as an array of its own",
}

LARGEST_INT32 = 2**31 - 1


def map_named(function: Callable[[str, Any], Any], given: Any) -> Any:
    """Apply a function to the name and the value of each array, and return the same structure; None stays None.

    The name is the key in a dictionary, the position in a list, "" for a lone array.
    """
    if given is None:
        return None
    if isinstance(given, Mapping):
        return {key: function(str(key), value) for key, value in given.items()}
    if isinstance(given, (list, tuple)):
        return [function(str(i), value) for i, value in enumerate(given)]
    return function("", given)


def map_arrays(function: Callable[[np.ndarray], Any], arrays: Any) -> Any:
    """Apply a function to each array, and return the same structure (array, list, dictionary or None)."""
    return map_named(lambda _, value: function(np.asarray(value)), arrays)


def leaves(arrays: Arrays | None) -> list[tuple[str, np.ndarray]]:
    """List each array with its name, as `map_named` gives it."""
    found: list[tuple[str, np.ndarray]] = []
    map_named(lambda name, value: found.append((name, np.asarray(value))), arrays)
    return found


def read_arrays(given: Any, name: str) -> tuple[Any, tuple[str, ...]]:
    """Read one array, or a list or dictionary of them, in the same structure; return notes of what was converted, too.

    Raises:
        MultibackendError: something that isn't an array of numbers.
    """
    notes: list[str] = []

    def read(key: str, value: Any) -> np.ndarray:
        return read_array(value, f"{name}.{key}" if key else name, notes)

    is_one = isinstance(given, (list, tuple)) and not any(map(_is_array, given))  # a list of numbers or of lists
    return (read("", given) if is_one else map_named(read, given)), tuple(notes)


def _is_array(value: Any) -> bool:
    """Tell if it has a shape, as arrays, tables and tensors do; a NumPy number has an empty one."""
    return getattr(value, "shape", ()) != ()


def read_array(given: Any, name: str, notes: list[str]) -> np.ndarray:
    """Read an array of at least one row of numbers; a conversion adds a line to the notes.

    Raises:
        MultibackendError: it can't be read as one.
    """
    array = _take_values(given, name)
    if array.dtype.kind not in "fiub" and array.dtype.name not in REPLACED:
        raise _refused(name, f"holds {ADVICE.get(array.dtype.kind, f'{array.dtype}; expected numbers')}")
    if array.ndim == 0 or array.size == 0:
        raise _refused(name, f"has shape {array.shape}; expected at least one row, and a value in it")
    read = _convert(array, name)
    if type(given) not in (np.ndarray, np.memmap):
        notes.append(f"{name}: {_name_type(given)}, taken as an array of shape {read.shape}, {read.dtype}")
    elif read.dtype.newbyteorder("=") != array.dtype.newbyteorder("="):
        notes.append(f"{name}: {array.dtype}, taken as {read.dtype}")
    return np.ascontiguousarray(read)


def _take_values(given: Any, name: str) -> np.ndarray:
    if hasattr(given, "toarray") and not isinstance(given, np.ndarray):
        raise _refused(name, f"is sparse ({_name_type(given)}); expected a dense array: give x.toarray()")
    if isinstance(given, np.ma.MaskedArray) and np.ma.is_masked(given):
        raise _refused(
            name,
            f"has {np.ma.getmaskarray(given).sum()} masked values, which no backend would leave out; fill them with "
            "x.filled(0), or leave out their rows",
        )
    try:
        return np.asarray(given)
    except Exception as error:  # lists give ValueError, tensors whatever their framework does
        why = sanitize(str(error), 200)
        raise _refused(name, f"is {_name_type(given)}, which is no array ({why}); give a NumPy array") from error


def _convert(array: np.ndarray, name: str) -> np.ndarray:
    """Convert to a dtype that all backends compute with, in the machine's byte order; values stay the same."""
    kind, target = array.dtype.kind, REPLACED.get(array.dtype.name, "")
    if kind == "f" and array.dtype.itemsize > 8:
        target = "float64"
    if array.dtype.name == "uint64" and int(array.max()) > np.iinfo(np.int64).max:
        raise _refused(name, f"is uint64 with {array.max()}; expected at most 2**63 - 1: give x.astype('float64')")
    with np.errstate(over="ignore"):
        read = array.astype(target or array.dtype.newbyteorder("="), copy=False)
    if kind == "f" and np.isinf(read).sum() > np.isinf(array).sum():
        raise _refused(name, f"is {array.dtype} with values beyond float64's; divide them by a scale in load_data")
    return read


def check_range(array: np.ndarray, name: str) -> None:
    """Make sure that integers fit in 32 bits: in float32, JAX silently keeps only the lower 32 bits of others.

    Raises:
        MultibackendError: one doesn't fit.
    """
    if array.dtype == np.int64 and max(-1 - int(array.min()), int(array.max())) > LARGEST_INT32:
        largest = max(array.min(), array.max(), key=abs)
        raise MultibackendError(
            f"data: {name} holds the integer {largest}, and in float32 JAX has 32 bits for integers; expected less "
            "than 2**31. Give x.astype('float64'), or train in float64 alone: --precision float64"
        )


def _name_type(given: Any) -> str:
    kind = type(given)
    module = kind.__module__.partition(".")[0]
    return f"a {kind.__name__}" if module == "builtins" else f"a {module} {kind.__name__}"


def _refused(name: str, why: str) -> MultibackendError:
    return MultibackendError(f"data: {name} {why}.")

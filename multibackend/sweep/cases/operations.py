"""Operations that layers and losses are made of: a few functions of `keras.ops` over inputs and pairs of dtypes.

`keras.ops` isn't swept as a whole. These are its arithmetic (which dtype, which values), its statistics, and the
image and normalizing functions that the layers use.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from multibackend.sweep.case import Case
from multibackend.sweep.inputs import Array

DTYPES = ("bool", "uint8", "int8", "int32", "int64", "float16", "bfloat16", "float32", "float64")
BINARY = ("add", "subtract", "multiply", "divide", "power", "floor_divide", "mod", "maximum", "matmul")
UNARY = ("mean", "sum", "var", "std", "sqrt", "square", "exp", "abs", "sign", "prod", "argmax", "cumsum", "logsumexp")
FLOATX = ("float32", "bfloat16", "float16")


def _dtypes() -> Iterator[Case]:
    small = Array("values", (2, 2), values=(1, 2, 3, 1))
    for name in BINARY:
        for i, a in enumerate(DTYPES):
            for b in DTYPES[i:]:
                yield _typed(name, small, a, b)
    for floatx in FLOATX:
        for name in UNARY:
            for dtype in DTYPES:
                array = Array("values", (2, 2), values=(1, 2, 3, 1), dtype=dtype)
                yield Case(f"ops.{name}", {}, (array,), how="forward", floatx=floatx)
        for dtype in DTYPES:
            array = Array("values", (2, 2), values=(1, 2, 3, 1), dtype=dtype)
            yield Case("ops.add", {}, (array,), {"x2": 0.5}, how="forward", floatx=floatx)
            yield Case("ops.power", {}, (array,), {"x2": 2}, how="forward", floatx=floatx)
            if dtype != "bfloat16":  # NumPy has none
                yield Case("ops.convert_to_tensor", {}, (), {"x": array}, how="forward", floatx=floatx)
    signed = Array("values", (4,), values=(2, 3, -1, 1), dtype="int32")
    exponents = Array("values", (4,), values=(-1, -2, 2, 0), dtype="int32")
    for name in BINARY[:-1]:
        yield Case(f"ops.{name}", {}, (signed, exponents), how="forward", floatx="float32")


def _typed(name: str, array: Array, a: str, b: str) -> Case:
    pair = tuple(Array(array.kind, array.shape, values=array.values, dtype=dtype) for dtype in (a, b))
    return Case(f"ops.{name}", {}, pair, how="forward", floatx="float32")


def _statistics() -> Iterator[Case]:
    for kind in ("normal", "offset", "zeros", "huge", "tiny"):
        array = Array(kind, (6, 4))
        for name in ("moments", "mean", "var", "std", "logsumexp", "normalize", "norm"):
            yield Case(
                f"ops.{name}" if name != "norm" else "ops.norm", {"axes": [0]} if name == "moments" else {}, (array,)
            )
    mask: dict[str, Any] = {"axis": 0}
    yield Case("ops.median", mask, (Array("normal", (6, 4)),))


CASES = (*_dtypes(), *_statistics())

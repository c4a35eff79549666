"""Saved configurations: a model's `config.json` from elsewhere, held against that of the experiment's own model.

Keras looks up each module, class, function and path that a configuration names, and makes layers as large as it says.
One that says what the user's own model says can name nothing else.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from multibackend.archive import CONFIG, Refused

FACTOR, EXTRA = 2, 1 << 16
"""A configuration may be so many times as long as the model's own, and so many bytes more."""

ROUNDING = 1e-6
"""Relative: a learning rate in float32 is saved as 0.0010000000474974513."""


def read_config(content: bytes, own: Any) -> Any:
    """Read the configuration, which must be `own`, the one that the experiment's own model has.

    What a backend decides by itself may differ: whether it compiles, and the numbers of shared objects. So may other
    numbers, by rounding.

    Raises:
        Refused: it is too long, no JSON, or differs; the first difference is named.
    """
    if len(content) > FACTOR * len(json.dumps(own)) + EXTRA:
        raise Refused(f"{CONFIG} has {len(content)} bytes, more than twice the model's own configuration")
    try:
        saved = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Refused(f"{CONFIG} is no JSON ({type(error).__name__})") from error
    for place, got, expected in _list_differences(saved, json.loads(json.dumps(own)), "model"):
        raise Refused(f"{CONFIG}: {place} is {_show(got)}; the experiment's own model has {_show(expected)}")
    _let_decide_anew(saved, own)
    return saved


def _let_decide_anew(saved: Any, own: Any) -> None:
    """Replace whether the saving backend compiled by what this one does, in models within models too.

    JAX and TensorFlow resolve jit_compile="auto" to True and save that. torch.compile would take minutes, and
    TensorFlow warns that it doesn't compile while it runs deterministically.
    """
    if isinstance(saved, dict) and isinstance(own, dict):
        if saved.pop("jit_compile", None) is not None and "jit_compile" in own:
            saved["jit_compile"] = own["jit_compile"]
        for key in saved.keys() & own.keys():
            _let_decide_anew(saved[key], own[key])
    elif isinstance(saved, list) and isinstance(own, list):
        for one, ours in zip(saved, own, strict=True):
            _let_decide_anew(one, ours)


def _list_differences(saved: Any, own: Any, place: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(saved, dict) and isinstance(own, dict):
        for key in dict.fromkeys([*own, *saved]):
            if _is_backends_own(key, saved, own):
                continue
            if key not in own or key not in saved:
                yield f"{place}.{key}", saved.get(key, "not there"), own.get(key, "not there")
            else:
                yield from _list_differences(saved[key], own[key], f"{place}.{key}")
    elif isinstance(saved, list) and isinstance(own, list) and len(saved) == len(own):
        for i, (item, expected) in enumerate(zip(saved, own, strict=True)):
            yield from _list_differences(item, expected, f"{place}[{i}]")
    elif not _is_same(saved, own):
        yield place, saved, own


def _is_backends_own(key: str, saved: dict[str, Any], own: dict[str, Any]) -> bool:
    """Whether a value may differ: it names nothing that Keras would look for."""
    value = saved.get(key)
    match key:
        case "jit_compile":
            return value in (True, False, "auto")
        case "shared_object_id":
            return value is None or type(value) is int
        case "registered_name":  # torch's optimizers have one; that of what Keras exports is its class' name
            return value in (None, own.get("class_name"))
    return False


def _is_same(saved: Any, own: Any) -> bool:
    numbers = [type(side) in (int, float) for side in (saved, own)]
    if all(numbers):
        try:
            return math.isclose(saved, own, rel_tol=ROUNDING) or (math.isnan(saved) and math.isnan(own))
        except OverflowError:  # an integer beyond floats
            return False
    return type(saved) is type(own) and saved == own


def _show(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:59] + "…"

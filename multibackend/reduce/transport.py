"""Transport: calls and names as JSON values, sent by the process with Keras to the one without."""

from __future__ import annotations

from typing import Any

from multibackend.reduce.candidate import Call, Name


def encode(value: Any) -> Any:
    """Encode an argument as JSON values."""
    match value:
        case Call():
            function = encode(value.function)
            return {"$call": function, "arguments": {key: encode(item) for key, item in value.arguments.items()}}
        case Name():
            return {"$name": value.name}
        case tuple():
            return {"$tuple": [encode(item) for item in value]}
        case list():
            return [encode(item) for item in value]
        case dict():
            return {"$dict": {key: encode(item) for key, item in value.items()}}
        case bool() | int() | float() | str() | None:
            return value
    raise TypeError(f"argument {value!r} of {type(value).__name__}: expected numbers, strings, lists or Keras objects")


def decode(value: Any) -> Any:
    """Decode what `encode` made."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$call" in value:
        return Call(decode(value["$call"]), {key: decode(item) for key, item in value["arguments"].items()})
    if "$name" in value:
        return Name(value["$name"])
    if "$tuple" in value:
        return tuple(decode(item) for item in value["$tuple"])
    return {key: decode(item) for key, item in value["$dict"].items()}

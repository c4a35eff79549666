"""Expressions: arguments, arrays and long lines as Python."""

from __future__ import annotations

import json
import textwrap
from typing import Any

from multibackend.reduce.candidate import Call, Name, Source

WIDTH = 120


def write_value(value: Any) -> str:
    """Write an argument as Python."""
    match value:
        case Call():
            function = value.function.name if isinstance(value.function, Name) else value.function
            given = (f"{key}={write_value(item)}" for key, item in value.arguments.items())
            return f"{function}({', '.join(given)})"
        case Name():
            return value.name
        case str():
            return json.dumps(value, ensure_ascii=False)
        case list():
            return f"[{', '.join(map(write_value, value))}]"
        case tuple():
            return f"({', '.join(map(write_value, value))}{',' * (len(value) == 1)})"
        case dict():
            return f"{{{', '.join(f'{write_value(k)}: {write_value(v)}' for k, v in value.items())}}}"
        case _:
            return repr(value)


def write_source(source: Source, rows: int, precision: str) -> str:
    """Write the line that draws a source's numbers."""
    dtype, size, values = source.dtype or precision, (rows, *source.shape), source.values
    match values.kind:
        case "positive":
            drawn = f"rng.uniform(size={size})"
        case "spread":
            drawn = f"rng.normal({values.mean!r}, {values.deviation!r}, size={size})"
        case "integers":
            drawn = f"rng.integers({values.high}, size={size})"
        case "literal":
            return f'{source.name} = np.array({values.literal[:rows]}, "{dtype}")'
        case _:
            drawn = f"rng.normal(size={size})"
    return f'{source.name} = {drawn}.astype("{dtype}")'


def wrap_line(line: str) -> list[str]:
    """Break a line that is too long where a bracket is open; others stay as they are."""
    if len(line) <= WIDTH or '"""' in line:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    pieces = textwrap.wrap(line, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    opened = [
        sum(map("".join(pieces[:k]).count, "([{")) - sum(map("".join(pieces[:k]).count, ")]}"))
        for k in range(1, len(pieces))
    ]
    return pieces if all(depth > 0 for depth in opened) else [line]

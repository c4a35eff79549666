"""Scripts: the Python text of a candidate; the text that is tested is the text that is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from multibackend.reduce.candidate import Candidate, find_names
from multibackend.reduce.expression import wrap_line
from multibackend.reduce.graph import write_model
from multibackend.reduce.probe import write_loss, write_probe, write_statistics

MOST_LINES = 30

DOUBLE = """keras.config.set_floatx("float64")
keras.src.backend.common.dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"  # keras issue 23704"""

Definitions = Mapping[str, str]
"""The source of each of the user's own names, with all that it needs."""


def write_body(candidate: Candidate, definitions: Definitions) -> str:
    """Write a script up to the line that makes `got`, a flat array of numbers."""
    double = candidate.precision == "float64"
    lines = ["import os", 'os.environ["JAX_ENABLE_X64"] = "1"'] * double
    lines += ["import tempfile"] * candidate.probe.startswith("saved")
    lines += ["import keras", "import numpy as np"]
    lines += [line for name in find_names(candidate) for line in definitions[name].splitlines() if line not in lines]
    lines += [*DOUBLE.splitlines()] * double
    lines += ["rng = np.random.default_rng(0)"]
    match candidate.probe:
        case "statistics":
            lines = [line for line in lines if not line.startswith("rng")] + write_statistics(candidate)
        case "loss":
            lines += write_loss(candidate)
        case _:
            lines += write_model(candidate) + write_probe(candidate)
    if candidate.elements:
        lines.append(f"got = got[{list(candidate.elements)}]")
    return "\n".join(piece for line in lines for piece in wrap_line(line)) + "\n"


def write_script(header: Sequence[str], body: str, expected: Sequence[float], tolerance: float) -> str:
    """Write a whole script: its header, its body, and the assertion with the numbers expected."""
    first, *rest = header
    numbers = ", ".join(repr(float(number)) for number in expected)
    return "\n".join(
        [
            f'"""{first}',
            *([""] if rest else []),
            *rest,
            '"""',
            body.rstrip("\n"),
            f"expected = [{numbers}]",
            f"assert np.allclose(got, expected, rtol=0, atol={tolerance!r}), "
            'f"got {got.tolist()}, expected {expected}"',
            'print("OK")',
            "",
        ]
    )


def count_lines(text: str) -> int:
    """Count the lines of a script, empty ones and comments too."""
    return len(text.splitlines())

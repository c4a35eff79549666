"""Speed: the section of the page on engines, `fit`, loops by hand and the limit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks import WORKLOADS
from benchmarks.lines import format_table
from benchmarks.results import Contents
from multibackend.engine.backends import BACKENDS

LIMITED = "B9"
"""The workload whose best engine is compared with its limit."""

METHOD = """\
Seconds an epoch of one training in four ways, alternating in one process: our engine; Keras' `fit` without shuffling,
on NumPy arrays in memory; a loop written by hand in the framework, without Keras, from the same weights on the same
batches; and the limit, the layers' matrix products at the rate of each shape by itself (`benchmarks/limit.py`).
Medians over rounds; ratios are taken in each round, with their smallest and largest. Before anything is timed, the
losses of the first ten steps by hand must equal the engine's. The engine's operations are deterministic, as in its
records; those of `fit` and by hand need not be. What by hand takes no longer with one thread than with several has one.
A first block includes tracing and compiling, with empty caches."""


def render(contents: Contents) -> str:
    """Write the section's Markdown, from the contents of `engines-<backend>.json`."""
    parts = ["## Engines", METHOD, "![Seconds as multiples of the loop by hand](results/engines.svg)"]
    parts.append(_table_of_ratios(contents))
    if best := _best_and_limit(contents):
        parts.append(best)
    parts.append(_table_of_seconds(contents))
    parts.append(_table_of_first_blocks(contents))
    parts += [_not_timed(contents), _environments(contents)]
    return "\n\n".join(part for part in parts if part)


@dataclass(frozen=True)
class Entry:
    """The measurements of a workload on a backend."""

    workload: str
    backend: str
    content: dict[str, Any]


def _entries(contents: Contents) -> Iterator[Entry]:
    """Yield the entries, with a workload's backends together."""
    present = [backend for backend in BACKENDS if backend in contents]
    for name in WORKLOADS:
        for backend in present:
            if name in contents[backend]["entries"]:
                yield Entry(name, backend, contents[backend]["entries"][name])


def _timed(contents: Contents) -> list[Entry]:
    return [entry for entry in _entries(contents) if "epoch_seconds" in entry.content]


def _table_of_ratios(contents: Contents) -> str:
    header = ["workload", "backend", "engine / by hand", "`fit` / engine", "engine / limit"]
    kinds = ("engine / hand", "fit / engine", "engine / limit")
    rows = [
        [e.workload, e.backend, *(_format_ratio(e.content["ratios"][kind]) for kind in kinds)] for e in _timed(contents)
    ]
    return format_table(header, rows)


def _format_ratio(ratio: dict[str, float]) -> str:
    return f"{ratio['median']:.2f} ({ratio['min']:.2f} to {ratio['max']:.2f})"


def _best_and_limit(contents: Contents) -> str:
    entries = {e.backend: e.content for e in _timed(contents) if e.workload == LIMITED}
    if not entries:
        return ""
    best = min(entries, key=lambda backend: entries[backend]["median_epoch_seconds"]["engine"])
    seconds, ratio = entries[best]["median_epoch_seconds"], entries[best]["ratios"]["engine / limit"]
    return (
        f"{LIMITED}: the fastest engine, {best}'s, takes {seconds['engine']:.3f} s an epoch, "
        f"its products alone {seconds['limit']:.3f} s: {_format_ratio(ratio)} times as long."
    )


def _table_of_seconds(contents: Contents) -> str:
    header = ["workload", "backend", "threads", "rounds", "rows", "batch", "engine", "`fit`", "by hand", "limit"]
    rows = [
        [
            *(e.workload, e.backend, e.content["environment"]["threads"], len(e.content["epoch_seconds"]["engine"])),
            *(f"{e.content['rows']:,}", e.content["batch_size"]),
            *(_format_seconds(s) for s in e.content["median_epoch_seconds"].values()),
        ]
        for e in _timed(contents)
    ]
    return f"Seconds an epoch of so many rows:\n\n{format_table(header, rows)}"


def _table_of_first_blocks(contents: Contents) -> str:
    header = [
        "workload",
        "backend",
        "epochs",
        "engine",
        "of which `compile_epoch`",
        "`fit`",
        "by hand",
        "the engine runs",
    ]
    rows = []
    for e in _timed(contents):
        first, compiling = e.content["first_block_seconds"], e.content["compile_seconds"]
        seconds = [first["engine"] + compiling, compiling, first["fit"], first["hand"]]
        how = ", ".join(f"{key}: {value}" for key, value in e.content["how"].items())
        rows.append([e.workload, e.backend, e.content["epochs_a_block"], *map(_format_seconds, seconds), how])
    title = "Seconds of the first block of so many epochs, with all that is compiled for it:"
    return f"{title}\n\n{format_table(header, rows)}"


def _format_seconds(seconds: float) -> str:
    return f"{seconds:.3g}"


def _not_timed(contents: Contents) -> str:
    reasons = [
        f"- {e.workload} on {e.backend}: {' '.join((e.content.get('not_run') or e.content['failed']).split())}"
        for e in _entries(contents)
        if "epoch_seconds" not in e.content
    ]
    return "\n".join(["Not timed:", "", *reasons]) if reasons else ""


def _environments(contents: Contents) -> str:
    loads: dict[str, list[float]] = {}
    for e in _entries(contents):
        where = e.content["environment"]
        packages = ", ".join(f"{name} {version}" for name, version in where["packages"].items())
        line = (
            f"{where['processor']}, {where['cores']} cores, {where['threads']} threads, device {where['device']}; "
            f"Python {where['python']}, {packages}"
        )
        loads.setdefault(line, []).append(where["load_average_at_start"])
    lines = [f"- {line}; load average at a start {min(v):.1f} to {max(v):.1f}" for line, v in loads.items()]
    return "\n".join(["Where:", "", *lines])

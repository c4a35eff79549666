"""The figure: the times of the engine, `fit` and the limit as multiples of the loop by hand, on a logarithmic scale."""

from __future__ import annotations

from pathlib import Path

from benchmarks import WORKLOADS
from benchmarks.results import Contents
from multibackend.engine.backends import BACKENDS

WAYS = {"fit": "#E69F00", "engine": "#0072B2", "limit": "#999999"}
"""Bars from top to bottom, in colours of Okabe and Ito's palette."""

BAR = 0.26


def draw_ratios(contents: Contents, path: Path) -> None:
    """Write an SVG: a panel for each backend, a group of bars for each workload; the loop by hand is 1."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    backends = [backend for backend in BACKENDS if backend in contents]
    figure = Figure(figsize=(4 * len(backends), 5), layout="constrained")
    panels = figure.subplots(1, len(backends), sharey=True, squeeze=False)[0]
    for panel, backend in zip(panels, backends, strict=True):
        _draw_panel(panel, backend, contents[backend]["entries"])
    panels[0].legend(loc="lower right", fontsize=8)
    figure.supxlabel("seconds an epoch, as a multiple of the loop by hand", fontsize=10)
    # The same numbers give the same file.
    with mpl.rc_context({"svg.hashsalt": "multibackend"}):
        figure.savefig(path, format="svg", metadata={"Date": None})


def _draw_panel(panel, backend: str, entries: dict) -> None:
    medians = {n: entries[n]["median_epoch_seconds"] for n in WORKLOADS if "epoch_seconds" in entries.get(n, {})}
    for offset, (way, color) in zip((-BAR, 0, BAR), WAYS.items(), strict=True):
        for row, seconds in enumerate(medians.values()):
            ratio = seconds[way] / seconds["hand"]
            label = way if row == 0 else None
            panel.barh(row + offset, ratio - 1, BAR, left=1, color=color, label=label)
            side, alignment = (3, "left") if ratio > 1 else (-3, "right")
            style = {"xytext": (side, 0), "textcoords": "offset points", "ha": alignment, "va": "center"}
            panel.annotate(f"{ratio:.2g}", (ratio, row + offset), fontsize=7, **style)
    panel.axvline(1, color="black", linewidth=0.8)
    panel.set_xscale("log")
    panel.margins(x=0.15)
    panel.set_yticks(range(len(medians)), list(medians))
    if not panel.yaxis_inverted():
        panel.invert_yaxis()
    panel.set_title(backend)

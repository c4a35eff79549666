"""Figures: for each experiment the loss at every step, and how far each pair is apart, with its bound.

Of a long training only what can be seen is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from multibackend.compare import PRECISIONS, Ensemble, Judged, Pair, follow_losses, has_losses
from multibackend.engine.backends import BACKENDS
from multibackend.experiments.experiment import shorten_name
from multibackend.report.canvas import clear, encode, finish, make_axes, texts_as_written
from multibackend.report.curves import thin
from multibackend.text import sanitize

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS = {"jax": "#0072B2", "tensorflow": "#E69F00", "torch": "#009E73"}
"""Okabe and Ito's palette, told apart with every kind of colour blindness.
Source: https://jfly.uni-koeln.de/color/"""
PAIR_COLORS = {("jax", "tensorflow"): "#D55E00", ("jax", "torch"): "#0072B2", ("tensorflow", "torch"): "#CC79A7"}
PAIR_WIDTHS = {("jax", "tensorflow"): 1.4, ("jax", "torch"): 2.8, ("tensorflow", "torch"): 1.4}
LINES: dict[str, dict[str, Any]] = {
    "jax": {"linewidth": 5.0, "alpha": 0.45},
    "tensorflow": {"linewidth": 2.6},
    "torch": {"linewidth": 1.4, "linestyle": (0, (4, 3))},
}
"""Wide below narrow: curves that lie on each other stay visible, all three."""
LONGEST_TITLE = 60
"""Characters of a name: more don't fit."""
LEAST = {"float64": 1e-17, "float32": 1e-9}
"""Where "equal to the bit" is drawn on the logarithmic axis: below any difference that rounding can leave."""


def draw_losses(ensemble: Ensemble, verdicts: Mapping[str, str]) -> bytes:
    """Draw a PNG: above the loss at every step, below the relative differences; to the left float64, right float32.

    `verdicts` holds a phrase for each precision.
    """
    with texts_as_written():
        return _draw(ensemble.read(("losses",)), verdicts)


def _draw(ensemble: Ensemble, verdicts: Mapping[str, str]) -> bytes:
    precisions = [p for p in PRECISIONS if any((p, backend) in ensemble.base for backend in BACKENDS)]
    figure, axes = make_axes(max(1, len(precisions)))
    name = sanitize(shorten_name(ensemble.experiment), LONGEST_TITLE)
    figure.suptitle(f"{name}: one training, three backends", fontsize=16, fontweight="bold", y=0.985)
    for panel in axes.flat:
        clear(panel)
    for precision, above, below in zip(precisions, *axes, strict=False):  # of nothing, one column is left empty
        _draw_curves(above, ensemble, precision)
        _draw_differences(below, ensemble, precision)
        verdict = sanitize(verdicts.get(precision, "not compared"), LONGEST_TITLE)
        above.set_title(f"{precision}: {verdict}", fontsize=13, y=1.0)
    if precisions:
        if axes[0][-1].get_legend_handles_labels()[0]:  # none, where no losses are to be drawn
            axes[0][-1].legend(fontsize=10, loc="best")
        axes[1][-1].legend(fontsize=9, loc="upper center", ncols=4, columnspacing=1.2, handlelength=1.6)
    return encode(figure)


def _spans_decades(ensemble: Ensemble) -> bool:
    """Whether the losses are better shown on a logarithmic axis: all above 0, and over more than two decades."""
    found = [record.arrays["losses"] for record in ensemble.base.values() if has_losses(record)]
    values = np.concatenate([array[np.isfinite(array)].astype(np.float64) for array in found]) if found else np.ones(1)
    return bool(values.size and values.min() > 0 and values.max() > 100 * values.min())


def _draw_curves(axes: Axes, ensemble: Ensemble, precision: str) -> None:
    left = []
    for backend in BACKENDS:
        record = ensemble.base.get((precision, backend))
        if record is None or not has_losses(record):
            continue
        losses = record.arrays["losses"].astype(np.float64)
        finite = np.isfinite(losses)
        marker = "o" if finite.sum() < 12 else ""
        steps, values = thin(np.arange(1, len(losses) + 1), np.where(finite, losses, np.nan))
        axes.plot(steps, values, color=COLORS[backend], label=backend, marker=marker, **LINES[backend])
        if not finite.all():
            left.append(f"{backend}: not finite from step {int(np.flatnonzero(~finite)[0]) + 1}")
            axes.axvline(int(np.flatnonzero(~finite)[0]) + 1, color=COLORS[backend], linestyle=":", linewidth=1.5)
    finish(axes, _spans_decades(ensemble))
    _annotate(axes, "\n".join(left))


def _draw_differences(axes: Axes, ensemble: Ensemble, precision: str) -> None:
    least, top, equal = LEAST[precision], LEAST[precision], []
    for pair in combinations(BACKENDS, 2):
        followed = follow_losses(ensemble, precision, pair)
        if followed is None:
            continue
        _draw_pair(axes, followed, least, pair)
        if precision == "float32":
            steps, bound = thin(np.arange(1, len(followed.bound) + 1), followed.bound)
            axes.plot(steps, bound, color=PAIR_COLORS[pair], linestyle="--", linewidth=1.8)
        else:
            axes.axhline(float(followed.bound[0]), color="black", linestyle="--", linewidth=1.8)
        finite = followed.measured[np.isfinite(followed.measured)]
        top = max(top, float(followed.bound.max()), float(finite.max(initial=0.0)))
        if not followed.measured.any():
            equal.append("-".join(pair))
    finish(axes, logarithmic=True)
    axes.set_ylim(least / 3, top * (top / least) ** 0.25)  # a fifth of the height is the legend's
    axes.plot([], [], color="black", linestyle="--", label="bound")
    axes.axhspan(least / 3, least * 3, color="0.92", zorder=0)
    axes.text(1.01, least, "equal to\nthe bit", transform=axes.get_yaxis_transform(), va="center", fontsize=9)
    if equal:
        axes.text(
            0.5, 0.4, f"equal at every step: {', '.join(equal)}", transform=axes.transAxes, ha="center", fontsize=11
        )


def _draw_pair(axes: Axes, followed: Judged, least: float, pair: Pair) -> None:
    """Differences joined by a line; steps that are equal to the bit are dots of their own, at the foot."""
    steps = np.arange(1, len(followed.measured) + 1)
    apart = np.isfinite(followed.measured) & (followed.measured > 0)
    marker = "o" if apart.sum() < 12 else ""
    color, width = PAIR_COLORS[pair], PAIR_WIDTHS[pair]
    seen, values = thin(steps[apart], np.maximum(followed.measured[apart], least * 3))
    axes.plot(seen, values, color=color, label="-".join(pair), linewidth=width, marker=marker, markersize=4)
    zero, _ = thin(steps[followed.measured == 0], steps[followed.measured == 0])
    axes.plot(zero, np.full(len(zero), least), color=color, linestyle="", marker="|", markersize=7)


def _annotate(axes: Axes, text: str) -> None:
    if text:
        frame = {"boxstyle": "round", "facecolor": "white", "edgecolor": "0.6"}
        axes.text(0.02, 0.97, text, transform=axes.transAxes, va="top", fontsize=10, bbox=frame)

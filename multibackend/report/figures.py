"""Figures: the loss of an experiment at every step, and how far each pair differs, with its bound.

Only the visible points of a long training are drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from multibackend.compare import (
    PRECISIONS,
    Comparison,
    Ensemble,
    Judged,
    Pair,
    follow_losses,
    has_losses,
    sort_participants,
    trains,
)
from multibackend.engine.backends import DESCRIPTORS
from multibackend.experiments.choices import Precision
from multibackend.experiments.experiment import name_file
from multibackend.report.canvas import encode, finish, make_axes, texts_as_written
from multibackend.report.curves import thin
from multibackend.report.files import write_file
from multibackend.report.names import name_experiments
from multibackend.text import sanitize, tell_apart

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PALETTE = ("#D55E00", "#0072B2", "#CC79A7", "#009E73", "#E69F00", "#56B4E9", "#F0E442", "#000000")
"""Okabe and Ito's palette, whose colours differ with every kind of colour blindness.
Source: https://jfly.uni-koeln.de/color/"""

WIDEST, NARROWEST = 5.0, 1.4
"""Widths of lines, wide below narrow: curves that lie on each other all stay visible."""

LEGEND_COLUMNS = 4

LONGEST_TITLE = 60
"""Characters of a name: more don't fit."""

LEAST = {"float64": 1e-17, "float32": 1e-9}
"""The height of "equal to the bit" on the logarithmic axis: below any difference that rounding error can leave."""


def draw_figures(ensembles: Sequence[Ensemble], comparison: Comparison, folder: Path) -> list[Path]:
    """Write `EXPERIMENT.png` for each experiment, each whole; return their paths.

    Raises:
        MultibackendError: the folder can't be written, or the disk is full.
    """
    names = name_experiments(comparison)
    files = tell_apart([ensemble.experiment for ensemble in ensembles], name_file)
    paths = []
    for ensemble in ensembles:
        verdicts: dict[str, str] = {p: comparison.verdict(ensemble.experiment, p) for p in PRECISIONS}
        path = folder / f"{files[ensemble.experiment]}.png"
        paths.append(write_file(path, draw_losses(ensemble, verdicts, names.show(ensemble.experiment))))
    return paths


def draw_losses(ensemble: Ensemble, verdicts: Mapping[str, str], name: str) -> bytes:
    """Draw a PNG: the loss at every step above, the relative differences below; float64 left, float32 right.

    `verdicts` holds a phrase for each precision; `name` is the experiment's name as it is shown.
    """
    with texts_as_written():
        return _draw(ensemble.read(("losses",)), verdicts, name)


def _draw(ensemble: Ensemble, verdicts: Mapping[str, str], name: str) -> bytes:
    participants = sort_participants(name for _, name in ensemble.base if trains(name))
    precisions = [p for p in PRECISIONS if any(p == precision for precision, _ in ensemble.base)]
    figure, axes = make_axes(max(1, len(precisions)))
    title = f"{sanitize(name, LONGEST_TITLE)}: one training, {len(participants)} participants"
    figure.suptitle(title, fontsize=16, fontweight="bold", y=0.985)
    for precision, above, below in zip(precisions, *axes, strict=False):  # without any, one column is left empty
        _draw_curves(above, ensemble, precision, participants)
        _draw_differences(below, ensemble, precision, participants)
        verdict = sanitize(verdicts.get(precision, "not compared"), LONGEST_TITLE)
        above.set_title(f"{precision}: {verdict}", fontsize=13, y=1.0)
    if precisions:
        if axes[0][-1].get_legend_handles_labels()[0]:  # none, where no losses are to be drawn
            axes[0][-1].legend(fontsize=10, loc="best")
        legend = {"ncols": LEGEND_COLUMNS, "columnspacing": 1.2, "handlelength": 1.6}
        axes[1][-1].legend(fontsize=9, loc="upper center", **legend)
    return encode(figure)


def _style(participants: Sequence[str], name: str) -> dict[str, Any]:
    """Choose colour, width and dashes of a participant's line: the first is widest and pale, the last dashed."""
    position, last = participants.index(name), len(participants) - 1
    spare = [color for color in PALETTE if color not in {backend.color for backend in DESCRIPTORS.values()}]
    color = DESCRIPTORS[name].color if name in DESCRIPTORS else spare[position % len(spare)]
    width = WIDEST * (NARROWEST / WIDEST) ** (position / last if last else 0.0)
    style: dict[str, Any] = {"color": color, "linewidth": width}
    if position == 0:
        style["alpha"] = 0.45
    elif position == last:
        style["linestyle"] = (0, (4, 3))
    return style


def _spans_decades(ensemble: Ensemble) -> bool:
    """Say whether the losses need a logarithmic axis: all are above 0, and they span more than two decades."""
    found = [record.arrays["losses"] for record in ensemble.base.values() if has_losses(record)]
    values = np.concatenate([array[np.isfinite(array)].astype(np.float64) for array in found]) if found else np.ones(1)
    return bool(values.size and values.min() > 0 and values.max() > 100 * values.min())


def _draw_curves(axes: Axes, ensemble: Ensemble, precision: Precision, participants: Sequence[str]) -> None:
    left = []
    for backend in participants:
        record = ensemble.base.get((precision, backend))
        if record is None or not has_losses(record):
            continue
        losses, style = record.arrays["losses"].astype(np.float64), _style(participants, backend)
        finite = np.isfinite(losses)
        marker = "o" if finite.sum() < 12 else ""
        steps, values = thin(np.arange(1, len(losses) + 1), np.where(finite, losses, np.nan))
        axes.plot(steps, values, label=backend, marker=marker, **style)
        if not finite.all():
            first = int(np.flatnonzero(~finite)[0]) + 1
            left.append(f"{backend}: not finite from step {first}")
            axes.axvline(first, color=style["color"], linestyle=":", linewidth=1.5)
    finish(axes, _spans_decades(ensemble))
    _annotate(axes, "\n".join(left))


def _draw_differences(axes: Axes, ensemble: Ensemble, precision: Precision, participants: Sequence[str]) -> None:
    least, top, equal = LEAST[precision], LEAST[precision], []
    pairs = list(combinations(participants, 2))
    for position, pair in enumerate(pairs):
        followed = follow_losses(ensemble, precision, pair)
        if followed is None:
            continue
        color = PALETTE[position % len(PALETTE)]
        _draw_pair(axes, followed, least, pair, color=color, width=2.8 if position % 2 else 1.4)
        if precision == "float32":
            steps, bound = thin(np.arange(1, len(followed.bound) + 1), followed.bound)
            axes.plot(steps, bound, color=color, linestyle="--", linewidth=1.8)
        else:
            axes.axhline(float(followed.bound[0]), color="black", linestyle="--", linewidth=1.8)
        finite = followed.measured[np.isfinite(followed.measured)]
        top = max(top, float(followed.bound.max()), float(finite.max(initial=0.0)))
        if not followed.measured.any():
            equal.append("-".join(pair))
    finish(axes, logarithmic=True)
    rows = -(-(len(pairs) + 1) // LEGEND_COLUMNS)
    axes.set_ylim(least / 3, top * (top / least) ** (0.05 + 0.2 * rows))  # a fifth of the height for a legend's row
    axes.plot([], [], color="black", linestyle="--", label="bound")
    axes.axhspan(least / 3, least * 3, color="0.92", zorder=0)
    axes.text(1.01, least, "equal to\nthe bit", transform=axes.get_yaxis_transform(), va="center", fontsize=9)
    if equal:
        text = f"equal at every step: {', '.join(equal)}"
        axes.text(0.5, 0.4, text, transform=axes.transAxes, ha="center", fontsize=11)


def _draw_pair(axes: Axes, followed: Judged, least: float, pair: Pair, *, color: str, width: float) -> None:
    """Draw differences, joined by a line; steps that are equal to the bit are dots of their own, at the foot."""
    steps = np.arange(1, len(followed.measured) + 1)
    differing = np.isfinite(followed.measured) & (followed.measured > 0)
    marker = "o" if differing.sum() < 12 else ""
    seen, values = thin(steps[differing], np.maximum(followed.measured[differing], least * 3))
    axes.plot(seen, values, color=color, label="-".join(pair), linewidth=width, marker=marker, markersize=4)
    zero, _ = thin(steps[followed.measured == 0], steps[followed.measured == 0])
    axes.plot(zero, np.full(len(zero), least), color=color, linestyle="", marker="|", markersize=7)


def _annotate(axes: Axes, text: str) -> None:
    if text:
        frame = {"boxstyle": "round", "facecolor": "white", "edgecolor": "0.6"}
        axes.text(0.02, 0.97, text, transform=axes.transAxes, va="top", fontsize=10, bbox=frame)

"""Canvas: axes for a figure, made once for one drawing after another, and the picture's bytes.

There may be a hundred figures, so each is kept cheap: the layout is fixed, ticks are few and plain text. Matplotlib
is imported only when a figure is drawn.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_INCHES, HEIGHT_INCHES = 5.3, 7.2
LEFT_INCHES, GAP_INCHES, RIGHT_INCHES = 0.95, 1.4, 0.8
"""Widths: of a panel, of what stands left of the first, between two, and right of the last."""

MOST_TICKS = 6


@cache
def make_axes(columns: int) -> tuple[Figure, Any]:
    """A figure and its axes, shape (2, columns), for one drawing after another: their ticks alone cost 50 ms."""
    from matplotlib.figure import Figure

    width = LEFT_INCHES + columns * PANEL_INCHES + (columns - 1) * GAP_INCHES + RIGHT_INCHES
    figure = Figure(figsize=(width, HEIGHT_INCHES), dpi=110)
    figure.subplots_adjust(
        left=LEFT_INCHES / width,
        right=1 - RIGHT_INCHES / width,
        bottom=0.08,
        top=0.9,
        hspace=0.06,
        wspace=GAP_INCHES / PANEL_INCHES,
    )
    axes = figure.subplots(2, columns, squeeze=False, sharex="col")
    for below in axes[1]:
        below.set_xlabel("step", fontsize=12)
    axes[0][0].set_ylabel("loss of the step's batch", fontsize=12)
    axes[1][0].set_ylabel("relative difference of the loss", fontsize=12)
    return figure, axes


@contextmanager
def texts_as_written() -> Iterator[None]:
    """Draw texts as they are: no formula, no TeX; a sign that the font lacks is a box, without a warning."""
    from matplotlib import rc_context

    with rc_context({"text.usetex": False, "text.parse_math": False}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def encode(figure: Figure) -> bytes:
    """A PNG of 256 colours, which is all that lines need: a quarter of the bytes, in half the time."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas: Any = FigureCanvasAgg(figure)  # its methods are untyped
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    content = io.BytesIO()
    image.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(content, "png")
    return content.getvalue()


def clear(axes: Axes) -> None:
    """Remove what an earlier drawing left."""
    legend = axes.get_legend()
    for artist in [*axes.lines, *axes.texts, *axes.patches, *([legend] if legend else [])]:
        artist.remove()
    axes.set_yscale("linear")
    axes.relim()
    axes.autoscale(True)


def finish(axes: Axes, logarithmic: bool) -> None:
    """Scale, ticks and grid. Minor ticks and powers set in mathematical type took most of a figure's time."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    if logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(numticks=MOST_TICKS))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_locator(NullLocator())
        low, high = axes.get_ylim()
        if high < 100 * low:  # else there may be no power of ten to mark
            axes.set_ylim(low / 10, high * 10)
    axes.grid(True, alpha=0.3)
    axes.tick_params(labelsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(MOST_TICKS, integer=True))

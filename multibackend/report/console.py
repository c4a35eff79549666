"""Console: printing with rich, in which words from elsewhere are text, never markup.

There are two walls: `plain` turns words into a text, and our consoles read no markup in anything that isn't one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from multibackend.text import LONGEST_DETAIL, sanitize

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


def plain(words: object, style: str = "", most: int = LONGEST_DETAIL) -> Text:
    """Turn words into one line of rich's text, for a cell or a line; only `style` has an effect."""
    from rich.text import Text

    return Text(sanitize(str(words), most), style=style)


def make_console(
    *, width: int | None = None, stderr: bool = False, quiet: bool = False, terminal: bool | None = None
) -> Console:
    """Make a console that reads no markup; `terminal` says whether it is a terminal (None: find out)."""
    from rich.console import Console

    return Console(
        width=width, stderr=stderr, quiet=quiet, force_terminal=terminal, markup=False, emoji=False, highlight=False
    )

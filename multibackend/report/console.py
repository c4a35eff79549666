"""Console: what is printed with rich, in which words from elsewhere are text, never markup.

Two walls: `plain` makes a text of them, and a console of ours reads no markup in what wasn't made one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from multibackend.text import LONGEST_DETAIL, sanitize

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


def plain(words: object, style: str = "", most: int = LONGEST_DETAIL) -> Text:
    """Words as one line of rich's text, for a cell or a line; only `style` has an effect."""
    from rich.text import Text

    return Text(sanitize(str(words), most), style=style)


def make_console(
    *, width: int | None = None, stderr: bool = False, quiet: bool = False, terminal: bool | None = None
) -> Console:
    """A console that reads no markup; `terminal` says whether it is one (None: look)."""
    from rich.console import Console

    return Console(
        width=width, stderr=stderr, quiet=quiet, force_terminal=terminal, markup=False, emoji=False, highlight=False
    )

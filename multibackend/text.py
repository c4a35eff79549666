"""Text: words from elsewhere (records, submissions, exceptions, logs), made safe to show to people.

They are data: no escape sequence, line end or direction mark in them has an effect in a terminal, a table or a page.
"""

from __future__ import annotations

import re

MOST_CHARACTERS = 500
"""How many characters of a foreign text are shown, unless a caller needs another number."""

SCANNED = 16
"""Times as many characters as are shown are looked at, so that a text of megabytes takes no time."""

ESCAPE = re.compile(
    r"\x1b(\[[0-?]*[ -/]*[@-~]|[PX^_\]].*?(\x1b\\|\x07|$)|[ -/]*[0-~]?)|\x9b[0-?]*[ -/]*[@-~]", re.DOTALL
)
"""Escape sequences of terminals. Source: ECMA-48, 5.4 (control sequences) and 5.6 (control strings)."""


def sanitize(text: str, most: int = MOST_CHARACTERS) -> str:
    """Turn a text into one line of at most `most` printable characters.

    Escape sequences go; line ends, control and format characters, and lone surrogates become spaces, and runs of these
    become one. A text that is longer ends with "…".
    """
    start = ESCAPE.sub("", text[: most * SCANNED])
    line = " ".join("".join(c if c.isprintable() else " " for c in start).split())
    if len(line) <= most and len(text) <= most * SCANNED:
        return line
    return line[: most - 1] + "…"


def sanitize_lines(text: str, most: int = MOST_CHARACTERS) -> str:
    """Sanitize each line of a text and keep the line ends; see `sanitize`, whose limit holds for each line."""
    return "\n".join(sanitize(line, most) for line in text.splitlines())

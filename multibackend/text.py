"""Text: words from elsewhere (records, submissions, exceptions, logs), made safe to show to people.

They are data: no escape sequence, line end or direction mark in them has an effect in a terminal, a table or a page.
What is printed goes through `sanitize`, what is written in Markdown through `escape_markdown`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable

MOST_CHARACTERS = 500
"""The characters of a foreign text that are shown, unless a caller needs another number."""

SCANNED = 16
"""Times as many characters as are shown are looked at, so that a text of megabytes takes no time."""

LONGEST_DETAIL = 4000
"""The characters of a sentence of ours that are shown; it may quote several foreign texts."""

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


HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}

MARKDOWN = re.compile(
    r"[\\`*\[\]|~$]"  # code, emphasis, links, images, columns, strikethrough, GitHub's formulas
    r"|(?<![^\W_])_|_(?![^\W_])"  # emphasis; inside a word, as in val_loss, an underscore is one
    r"|:(?=//)|(?<=www)\."  # addresses, which GitHub makes links of
    r"|^#|^[+=-](?=[\s=-]|$)",  # headings, lists and rules, which begin a line
    re.IGNORECASE,
)
"""Characters with an effect in Markdown. Source: https://github.github.com/gfm/, 2.4 and 4 to 6.9."""

NUMBERED = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")


def escape_markdown(text: str, most: int = LONGEST_DETAIL) -> str:
    """Turn a text into one line of Markdown that shows the text itself, in a table's cell too.

    The rule: the text is sanitized; `&`, `<` and `>` become entities, so that no tag is left; a backslash goes before
    each character that means something in Markdown; and nothing is left that GitHub makes a mention or a link of.
    """
    line = NUMBERED.sub(r"\1\\\2", MARKDOWN.sub(r"\\\g<0>", sanitize(text, most)))
    line = re.sub("[&<>]", lambda found: HTML[found[0]], line)
    return re.sub(r"[@#](?=\w)", r"\g<0>&#8203;", line)


def code_markdown(text: str) -> str:
    """Turn a path or a name into Markdown code, or escape it where a character in it could end the code."""
    return f"`{text}`" if re.fullmatch(r"[\w./:@ -]+", text) and text == sanitize(text) else escape_markdown(text)


def tell_apart(names: Iterable[str], show: Callable[[str], str] = sanitize) -> dict[str, str]:
    """Choose what to show for each name: what `show` makes of it, and a number where that stands for another name too.

    A name that is shown as it is has its own words, whatever others claim.
    """
    shown = {name: show(name) for name in dict.fromkeys(names)}
    taken = Counter(name for name, words in shown.items() if name == words)
    for name, words in shown.items():
        if name == words:
            continue
        number = 1
        while taken[candidate := words if number == 1 else f"{words} ({number})"]:
            number += 1
        taken[candidate] += 1
        shown[name] = candidate
    return shown

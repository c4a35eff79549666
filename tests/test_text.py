"""Words from elsewhere have no effect where they are shown."""

from __future__ import annotations

import pytest

from multibackend.text import sanitize, sanitize_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words", "plain words"),
        ("Élève n° 3 — 層", "Élève n° 3 — 層"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link", "link"),
        ("\x9b2Jgone", "gone"),
        ("\x1bcreset", "reset"),
        ("one\ntwo\r\nthree\u2028four", "one two three four"),
        ("bell\x07 and \x00nul", "bell and nul"),
        ("turned \u202etxt\u202c round", "turned txt round"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("", ""),
    ],
)
def test_one_line_of_printable_characters(text, shown):
    assert sanitize(text) == shown


def test_what_is_long_is_cut_and_says_so():
    assert sanitize("a" * 500) == "a" * 500
    assert sanitize("a" * 501) == "a" * 499 + "…"
    assert sanitize("a\n" * 10_000, 10) == "a a a a a…"


@pytest.mark.parametrize("unit", ["x", "\x1b]", "\x1b[", "\x1b[0", " "])
def test_of_megabytes_only_the_start_is_read(unit):
    class Counting(str):
        def __getitem__(self, key):
            assert key.stop <= 16 * 500
            return super().__getitem__(key)

    assert len(sanitize(Counting(unit * 1_000_000))) <= 500


def test_lines_stay_lines():
    assert sanitize_lines("first\x1b[1m\nsecond\x07\r\nthird") == "first\nsecond\nthird"

"""Words from elsewhere have no effect where they are shown."""

from __future__ import annotations

import pytest

from multibackend.text import code_markdown, escape_markdown, sanitize, sanitize_lines, tell_apart


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


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("variable dense/kernel: 2.0e-08, 5 % (val_loss)", "variable dense/kernel: 2.0e-08, 5 % (val_loss)"),
        ("<script>x</script>", "&lt;script&gt;x&lt;/script&gt;"),
        ("[x](javascript:x) ![i](x)", r"\[x\](javascript:x) !\[i\](x)"),
        ("`a` | *b* __c__ ~~d~~ $e$", r"\`a\` \| \*b\* \_\_c\_\_ \~\~d\~\~ \$e\$"),
        ("# title", r"\# title"),
        ("- item", r"\- item"),
        ("12) item", r"12\) item"),
        ("-5", "-5"),
        ("a\n# b\x1b[31m", "a # b"),
        ("&lt;", "&amp;lt;"),
        ("https://x.org www.x.org @all #1", r"https\://x.org www\.x.org @&#8203;all #&#8203;1"),
        ("a\\", r"a\\"),
    ],
)
def test_markdown_of_theirs_is_text(text, written):
    assert escape_markdown(text) == written


def test_only_what_cannot_end_it_is_code():
    assert code_markdown("docs/upstream/dtypes.py") == "`docs/upstream/dtypes.py`"
    assert code_markdown("a` <b>") == r"a\` &lt;b&gt;"


def test_a_name_shown_as_it_is_keeps_its_words():
    assert tell_apart(["A5\n", "A5", "A5\x07"]) == {"A5\n": "A5 (2)", "A5": "A5", "A5\x07": "A5 (3)"}

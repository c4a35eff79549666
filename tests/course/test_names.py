"""Names of folders are told apart, wherever they are shown, kept or used."""

from __future__ import annotations

import unicodedata

import pytest

from multibackend.course.names import LONGEST_BYTES, escape, folder_names, shown, unescape

NAMES = [
    "ana", "Zoë Müller", "李雷", "Jos\udce9", "José", "Jos\\xe9", "Jos\\\\xe9", "a\nb", "a\\nb", "\x1b[31mred",
    "\u202eabc", "\U000e0041", "\U0010ffff", "tab\there", "a\u00a0b", "\x00", "\ud800", "…", "'", "'x", "\\", "\\\\",
    "\\u003b", ";",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_what_is_escaped_is_printable_and_can_be_undone(name):
    assert escape(name).isprintable()
    assert unescape(escape(name)) == name


def test_no_two_names_are_escaped_alike():
    assert len({escape(name) for name in NAMES}) == len(NAMES)
    assert escape("Zoë Müller") == "Zoë Müller"
    assert escape("Jos\udce9") == "Jos\\xe9"


def test_what_is_shown_is_one_short_line():
    assert shown("a\n\x1b[31mb") == "a\\u000a\\u001b[31mb"
    assert len(shown("x" * 300, 80)) == 80


ODD = [
    "..x", ".", "-rf", "a/b", "a\\b", "a:b", "con", "NUL.txt", "x.", "x ", " x", "x" * 255, "Jos\udce9", "a\nb",
    "\x1b[31m", "ana~0123456789abcdef", "`", "<b>",
]  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_a_folder_has_a_name_that_works_everywhere(name):
    folder = folder_names([name])[name]
    assert folder != name
    assert folder.isprintable()
    assert not set('<>:"/\\|?*`') & set(folder)
    assert folder[0] not in "-. "
    assert len(folder.encode()) <= LONGEST_BYTES + 20


def test_a_usual_name_is_its_folders():
    names = ["ana", "Zoë Müller", "李雷", "O'Brien-Smith (2)", "s1234567"]
    assert folder_names(names[:3] + names[4:]) == {name: name for name in names[:3] + names[4:]}


def test_names_that_a_file_system_may_take_for_the_same_have_folders_of_their_own():
    alike = ["ana", "Ana", "ANA", "é", unicodedata.normalize("NFD", "é"), "É", "ß", "ss", "ﬁ", "fi"]
    folders = folder_names(alike)
    assert len({unicodedata.normalize("NFKC", folder).casefold() for folder in folders.values()}) == len(alike)
    taken = folders["ana"]  # as a name of another's
    assert folder_names([*alike, taken])[taken] != taken

"""Names of students' folders, which may be any bytes: how they are shown, kept in a table, and used for folders.

`escape` keeps printable characters and writes the others as Python would, so that it can be undone. `folder_names`
gives each student a folder that works on every system, and that no other student's name can stand for.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from multibackend.text import MOST_CHARACTERS, sanitize

FIRST_BYTE, LAST_BYTE = 0xDC80, 0xDCFF
"""The characters that stand for the bytes of a name that isn't UTF-8. Source: PEP 383."""

UNSAFE = re.compile(r'[<>:"/\\|?*~`\']|^[-. ]|[. ]$')
"""Characters that some system forbids in a folder's name, or that commands misread. "~" marks the names made here.

Source: "Naming Files, Paths, and Namespaces", learn.microsoft.com.
"""

RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names of devices on Windows. Source: as above."""

LONGEST_BYTES = 120
"""The longest name of a folder, before the sum that makes it unique."""


def escape(name: str) -> str:
    r"""Write a name in printable characters: `\xe9` for a byte, `\u202e` for a character, `\\` for a backslash."""
    return "".join(_escape(character) for character in name)


def _escape(character: str) -> str:
    code = ord(character)
    if FIRST_BYTE <= code <= LAST_BYTE:
        return f"\\x{code - 0xDC00:02x}"
    if character == "\\":
        return "\\\\"
    if character.isprintable():
        return character
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def unescape(text: str) -> str:
    """Undo `escape`."""
    return re.sub(r"\\(\\|x[0-9a-f]{2}|u[0-9a-f]{4}|U000[0-9a-f]{5}|U0010[0-9a-f]{4})", _unescape, text)


def _unescape(match: re.Match[str]) -> str:
    found = match[1]
    if found == "\\":
        return found
    return chr(int(found[1:], 16) + (0xDC00 if found[0] == "x" else 0))


def shown(name: object, most: int = MOST_CHARACTERS) -> str:
    """Show a name or path in a line: printable, in at most `most` characters."""
    return sanitize(escape(str(name)).replace("\\\\", "\\"), most)


def folder_names(names: Iterable[str]) -> dict[str, str]:
    """Name a folder for each name: the name itself, unless it is unsafe, or like another but for case and accents."""
    wanted = set(names)
    alike = Counter(_fold(name) for name in wanted)
    return {name: name if _is_safe(name) and alike[_fold(name)] == 1 else _make_safe(name) for name in wanted}


def _fold(name: str) -> str:
    """Turn names that some file system takes for the same one into the same text."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _is_safe(name: str) -> bool:
    length = len(name.encode("utf-8", "surrogatepass"))
    return name.isprintable() and not UNSAFE.search(name) and not RESERVED.fullmatch(name) and length <= LONGEST_BYTES


def _make_safe(name: str) -> str:
    plain = UNSAFE.sub("_", "".join(c if c.isprintable() else "_" for c in name))
    start = ("_" if RESERVED.fullmatch(plain) else "") + plain.encode()[:LONGEST_BYTES].decode("utf-8", "ignore")
    return f"{start}~{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"

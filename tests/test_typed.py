from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from multibackend import MultibackendError
from multibackend.typed import read_typed


@dataclass(frozen=True)
class Entry:
    id: str
    size: float = 0.0


@dataclass(frozen=True)
class Content:
    entries: tuple[Entry, ...]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.toml", '[[entries]]\nid = "x"\nsize = 1.5\n[[entries]]\nid = "y"\n'),
        ("a.json", '{"entries": [{"id": "x", "size": 1.5}, {"id": "y"}]}'),
    ],
)
def test_a_file_is_read_into_its_type(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert read_typed(tmp_path / name, Content, "entries") == Content((Entry("x", 1.5), Entry("y")))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.toml", "[[entries]]\nid = 3\n", r"Expected `str`, got `int` - at `\$.entries\[0\].id`"),
        ("a.json", '{"entries": [{}]}', "missing required field `id`"),
        ("a.toml", "[[entries", "a.toml"),
        ("a.json", "[" * 100_000, "a.json"),
        ("a.json", "\udcff", "a.json"),
        ("b.json", None, "No such file"),
    ],
)
def test_a_bad_file_is_refused_with_its_path_and_field(tmp_path: Path, name: str, text: str | None, said: str) -> None:
    if text is not None:
        (tmp_path / name).write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(MultibackendError, match=said) as caught:
        read_typed(tmp_path / name, Content, "entries", "restore it")
    assert str(caught.value).startswith(f"entries {tmp_path / name}: ")
    assert str(caught.value).endswith("; restore it.")
    assert "\n" not in str(caught.value)

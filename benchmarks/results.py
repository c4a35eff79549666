"""Results: one JSON file for each kind of measurement and backend, one entry in it for each workload."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from multibackend.files import write_whole

RESULTS = Path(__file__).resolve().parent / "results"

Contents = dict[str, dict[str, Any]]
"""The contents of one kind's files, by backend ("all" where one file is for all): `entries` by name, and more."""


def merge_entries(folder: Path, kind: str, backend: str, entries: dict[str, Any]) -> Path:
    """Put entries into the file of a kind and backend; they replace entries of the same names, and others stay."""
    path = folder / f"{kind}-{backend}.json"
    before = json.loads(path.read_text(encoding="utf-8"))["entries"] if path.is_file() else {}
    content = {"kind": kind, "backend": backend, "entries": before | entries}
    write_whole(path, (json.dumps(content, indent=1) + "\n").encode())
    return path


def load_results(folder: Path) -> dict[str, Contents]:
    """Load the contents of all files in a folder, by kind."""
    results: dict[str, Contents] = {}
    for path in sorted(folder.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        results.setdefault(content["kind"], {})[content["backend"]] = content
    return results

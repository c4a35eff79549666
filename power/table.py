"""The table of faults: what each is and where it must be found. Needs neither Keras nor a framework."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("faults.toml")


@dataclass(frozen=True)
class Fault:
    """A fault of one backend, and what the comparison must say of it.

    `stage` is where it must first show; `where` the layer, variable or slot to name (patterns as of `fnmatch`, several
    apart by spaces; "" where the fault has no one place); `step` the step from which it shows, from 1 (0 where it has
    none). `backend` names those that are at fault: a second one where Keras parts there by itself.
    """

    name: str
    backend: str
    model: str
    stage: str
    what: str
    where: str = ""
    step: int = 0
    optimizer: str = ""
    source: str = "planted"

    @property
    def faulty(self) -> tuple[str, ...]:
        """The backends that are at fault."""
        return tuple(self.backend.split())

    @property
    def planted_on(self) -> tuple[str, ...]:
        """The backend that the fault is planted on."""
        return self.faulty[:1]


def read_table(path: Path = TABLE) -> list[Fault]:
    """The faults, in the file's order."""
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["fault"]
    return [Fault(**row) for row in rows]

"""The table of faults: what each is and where it must be found. Needs neither Keras nor a framework."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from multibackend.typed import read_typed

TABLE = Path(__file__).with_name("faults.toml")


class Fault(Struct, frozen=True, forbid_unknown_fields=True):
    """A fault of one backend, and what the comparison must say of it.

    `backends` are those at fault: the one that it is planted on, then others where Keras itself differs. `stage` is
    where it must first show. `places` are the layers, variables or slots, one of which must be named (patterns as of
    `fnmatch`); there are none where the fault has no one place. `step` is the step from which it shows, from 1 (0 where
    it has none).
    """

    name: str
    backends: tuple[str, ...]
    model: str
    stage: str
    what: str
    places: tuple[str, ...] = ()
    step: int = 0
    optimizer: str = ""
    source: str = "planted"

    @property
    def planted_on(self) -> str:
        """The backend that the fault is planted on."""
        return self.backends[0]


class Table(Struct, frozen=True, forbid_unknown_fields=True):
    """The content of `faults.toml`."""

    fault: tuple[Fault, ...]


def read_table(path: Path = TABLE) -> tuple[Fault, ...]:
    """Read the faults, in the file's order."""
    return read_typed(path, Table, "faults").fault

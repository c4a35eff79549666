"""The setups that scripts run in: each backend, and where code is run before the scripts, a suspect without it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Setup:
    """A process that runs scripts on a backend; a `bare` one never runs the preload, so the script must pass there."""

    backend: str
    bare: bool = False

    def __str__(self) -> str:
        return f"{self.backend} without the preload" if self.bare else self.backend

    @property
    def log_name(self) -> str:
        """The name of its log file."""
        return f"reduce-{self.backend}{'-bare' if self.bare else ''}.log"


def list_setups(backends: tuple[str, ...], suspects: tuple[str, ...], has_preload: bool) -> list[Setup]:
    """Return a setup for each backend, and with a preload a bare one for each suspect."""
    return [*map(Setup, backends), *(Setup(suspect, bare=True) for suspect in suspects if has_preload)]

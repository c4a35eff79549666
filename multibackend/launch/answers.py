"""Answers: what a worker says while it trains, read into types.

Whatever else comes over its channel is dropped: a model may write there too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from multibackend.records.record import Run, Status


class Answer(msgspec.Struct, frozen=True, tag_field="event", tag=str.lower):
    """An event of a worker; `event` holds the name of its class in lower case."""


class Ready(Answer, frozen=True):
    """The framework is imported; `device` trains."""

    device: str


class Start(Answer, frozen=True):
    """A run begins."""

    run: Run


class Epoch(Answer, frozen=True):
    """An epoch of a run is trained; `loss` is None where it isn't finite."""

    run: Run
    epoch: int
    epochs: int
    loss: float | None


class Done(Answer, frozen=True):
    """A run's record is saved; `notes` say what was done to its data."""

    run: Run
    status: Status
    reason: str = ""
    notes: tuple[str, ...] = ()


class Fatal(Answer, frozen=True):
    """Going on makes no sense, on any backend: a record can't be written."""

    reason: str


class End(Answer, frozen=True):
    """All runs are done."""


def read_answer(event: Mapping[str, Any]) -> Answer | None:
    """Read an event of a worker; None for anything else."""
    try:
        return msgspec.convert(dict(event), Ready | Start | Epoch | Done | Fatal | End)
    except msgspec.ValidationError:
        return None

"""The pool: workers that have done all they were asked for, and wait for another request of the same command.

Importing Keras and a framework takes five to ten seconds of a processor. A comparison that finds a difference trains
several times, each time knowing more; with a pool it starts each backend's worker once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from multibackend.launch.child import Child, stop
from multibackend.launch.request import Request, start_worker


@dataclass(frozen=True)
class Pool:
    """The workers that wait, by what a request must have in common with the one that they were started for.

    Used as a context manager: at its end no worker is left.
    """

    _waiting: dict[tuple[object, ...], Child] = field(default_factory=dict)

    def take(self, request: Request, workers: int) -> tuple[Child, bool]:
        """Return a worker that has this request, and whether it was waiting; `workers` train at the same time."""
        child = self._waiting.pop(request.process, None)
        if child is not None and not child.has_exited:
            child.ask(request.describe(workers))
            return child, True
        if child is not None:
            child.close()
        return start_worker(request, workers), False

    def give_back(self, request: Request, child: Child) -> None:
        """Let a worker wait that has done this request."""
        self._waiting[request.process] = child

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        stop(list(self._waiting.values()))
        self._waiting.clear()

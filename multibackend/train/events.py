"""Events: what a worker tells the command that started it, one JSON object a datagram on a socket of the file system.

A worker opens a descriptor for the moment of sending alone. So a model that writes to every descriptor that it finds,
or a process that it leaves behind, writes to no channel of ours; and one that closes every descriptor doesn't cut the
worker off. Each event carries the secret of its worker, whatever else comes is dropped, and a datagram that is garbage
spoils no other. This is against accidents: code in the worker's process that looks for the address and the secret
finds them.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from socket import AF_UNIX, SO_SNDBUF, SOCK_DGRAM, SOL_SOCKET, socket
from typing import Any

LONGEST_EVENT = 1 << 16
"""Bytes; macOS sends datagrams of 2,048 bytes unless asked for more."""

LONGEST_ADDRESS = 100
"""Bytes in a socket's path: Linux takes 107, macOS 103. Source: sys/un.h."""

MOST_EVENTS = 1000
"""Read at once, so that a worker which never stops sending leaves time for the others."""


class Receiver:
    """The command's end: an address and a secret for one worker, and what it says."""

    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="multibackend-")
        if len(os.fsencode(self.folder)) > LONGEST_ADDRESS - len("/events"):
            Path(self.folder).rmdir()
            self.folder = tempfile.mkdtemp(prefix="multibackend-", dir="/tmp")
        self.address = str(Path(self.folder) / "events")
        self.secret = secrets.token_hex(16)
        self._socket = socket(AF_UNIX, SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(self.address)

    def fileno(self) -> int:
        """The socket's descriptor, for `select`."""
        return self._socket.fileno()

    def read(self) -> Iterator[dict[str, Any]]:
        """The events that are there now; doesn't wait."""
        for _ in range(MOST_EVENTS):
            try:
                datagram = self._socket.recv(LONGEST_EVENT)
            except BlockingIOError:
                return
            event = parse(datagram)
            if hmac.compare_digest(str(event.pop("secret", "")).encode(), self.secret.encode()):
                yield event

    def close(self) -> None:
        """Hear no more, and leave nothing behind."""
        self._socket.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def parse(datagram: bytes) -> dict[str, Any]:
    """The object in a datagram; an empty one where it holds anything else."""
    try:
        event = json.loads(datagram)
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


class Sender:
    """The worker's end: sends events for the process that made it, and ends any other that tries.

    A model may fork while it is built or its data are loaded. If the child comes back to us, it must neither
    report nor save.
    """

    def __init__(self, address: str, secret: str) -> None:
        self._address = address
        self._secret = secret
        self._process = os.getpid()

    def __call__(self, event: dict[str, Any]) -> None:
        """Send an event; a worker that nobody hears any more ends."""
        self.end_fork()
        datagram = json.dumps(event | {"secret": self._secret}).encode()
        try:
            with socket(AF_UNIX, SOCK_DGRAM) as channel:
                channel.setsockopt(SOL_SOCKET, SO_SNDBUF, LONGEST_EVENT)
                channel.sendto(datagram, self._address)
        except (FileNotFoundError, ConnectionError) as error:
            os.write(2, f"nobody listens to this worker at {self._address} ({error.strerror})\n".encode())
            os._exit(1)

    def end_fork(self) -> None:
        """End this process at once if it isn't the one that this was made for."""
        if os.getpid() != self._process:
            sys.stderr.flush()
            os._exit(0)


def read_request() -> tuple[dict[str, Any], Sender]:
    """What this worker is asked for on standard input, which is empty from then on, and where it reports."""
    request = json.load(sys.stdin)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    return request, Sender(request.pop("events"), request.pop("secret"))

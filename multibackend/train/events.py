"""Events: what a worker tells the command that started it, and what it is asked, one JSON object a message.

A message is a datagram on a socket of the file system; one that is too long for a datagram lies in a file beside the
socket. A worker opens a descriptor for the moment of sending alone. So a model that writes to every descriptor that it
finds, or a process that it leaves behind, writes to no channel of ours; and one that closes every descriptor doesn't
cut the worker off. A worker opens the socket on which it hears a question for the moment of waiting alone, too.

Each message carries the secret of its worker. Whatever else comes is dropped, and a datagram that is garbage spoils no
other. This is against accidents: code in the worker's process that looks for the address and the secret finds them.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import select
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from socket import AF_UNIX, SO_SNDBUF, SOCK_DGRAM, SOL_SOCKET, socket
from typing import Any

LONGEST_DATAGRAM = 1 << 16
"""Bytes; macOS sends datagrams of 2,048 bytes unless asked for more."""

LONGEST_ADDRESS = 100
"""Bytes in a socket's path: Linux takes 107, macOS 103. Source: sys/un.h."""

LONGEST_NAME = len("/questions")
"""Bytes that a socket's name adds to its folder's."""

IN_FILE = "message in file"
"""The key of a datagram that only names the file in which a long message lies."""

MOST_EVENTS = 1000
"""Events read at once, so that a worker which never stops sending leaves time for the others."""


def make_folder() -> str:
    """Make a private folder for one worker's sockets; its path is short enough for them."""
    folder = tempfile.mkdtemp(prefix="multibackend-")
    if len(os.fsencode(folder)) > LONGEST_ADDRESS - LONGEST_NAME:
        Path(folder).rmdir()
        folder = tempfile.mkdtemp(prefix="multibackend-", dir="/tmp")
    return folder


def make_secret() -> str:
    """Draw the secret of one worker."""
    return secrets.token_hex(16)


def send_message(address: str, secret: str, message: Mapping[str, Any]) -> None:
    """Send a message to the receiver at an address.

    Raises:
        OSError: nobody listens there, or a long message can't be written.
    """
    datagram = json.dumps({**message, "secret": secret}).encode()
    if len(datagram) > LONGEST_DATAGRAM:
        long = Path(f"{address}-{secrets.token_hex(8)}")
        long.write_bytes(datagram)
        datagram = json.dumps({IN_FILE: long.name, "secret": secret}).encode()
    with socket(AF_UNIX, SOCK_DGRAM) as channel:
        channel.setsockopt(SOL_SOCKET, SO_SNDBUF, LONGEST_DATAGRAM)
        channel.sendto(datagram, address)


class Receiver:
    """The end of a channel that hears: an address, the secret that a message must carry, and the messages."""

    def __init__(self, address: str, secret: str) -> None:
        self.address = address
        self._secret = secret
        self._socket = socket(AF_UNIX, SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(address)

    def fileno(self) -> int:
        """Return the socket's descriptor, for `select`."""
        return self._socket.fileno()

    def read(self) -> Iterator[dict[str, Any]]:
        """Yield the messages that are there now, without waiting for more."""
        for _ in range(MOST_EVENTS):
            try:
                datagram = self._socket.recv(LONGEST_DATAGRAM)
            except BlockingIOError:
                return
            message = self._open(datagram)
            if message and isinstance(message.get(IN_FILE), str):
                message = self._open(self._take_file(message[IN_FILE]))
            if message is not None:
                yield message

    def _open(self, datagram: bytes) -> dict[str, Any] | None:
        """Return the message in a datagram without its secret; None where the secret is another."""
        message = parse(datagram)
        right = hmac.compare_digest(str(message.pop("secret", "")).encode(), self._secret.encode())
        return message if right else None

    def _take_file(self, name: str) -> bytes:
        """Return a long message, and remove its file; nothing where there is none."""
        path = Path(self.address).with_name(Path(name).name)
        with suppress(OSError):
            content = path.read_bytes()
            path.unlink()
            return content
        return b""

    def close(self) -> None:
        """Hear no more."""
        self._socket.close()


def parse(datagram: bytes) -> dict[str, Any]:
    """Return the object in a datagram; an empty one where the datagram holds anything else."""
    try:
        event = json.loads(datagram)
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


class Sender:
    """The worker's end: sends events for the process that made it, and ends any other process that tries.

    A model may fork while it is built or its data are loaded. If the child comes back to us, it must neither
    report nor save.
    """

    def __init__(self, address: str, secret: str) -> None:
        self._address = address
        self._secret = secret
        self._process = os.getpid()

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Send an event; a worker that nobody hears any more ends."""
        self.end_fork()
        try:
            send_message(self._address, self._secret, event)
        except (FileNotFoundError, ConnectionError) as error:
            os.write(2, f"nobody listens to this worker at {self._address} ({error.strerror})\n".encode())
            os._exit(1)

    def end_fork(self) -> None:
        """End this process at once if it isn't the one that this was made for."""
        if os.getpid() != self._process:
            sys.stderr.flush()
            os._exit(0)

    def hear_question(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Send an event, the answer to the question before, once the next one can come; wait for that and return it.

        The socket on which it comes is closed before this returns. This waits for as long as the command lives.
        """
        address = name_questions(self._address)
        Path(address).unlink(missing_ok=True)
        with closing(Receiver(address, self._secret)) as receiver:
            self(event)
            while True:
                select.select([receiver], [], [])
                for question in receiver.read():
                    return question


def name_questions(address: str) -> str:
    """Return where a worker hears questions, from the address of its events."""
    return str(Path(address).with_name("questions"))


def read_request() -> tuple[dict[str, Any], Sender]:
    """Read what this worker is asked for on standard input, and make its sender; the input is empty from then on."""
    request = json.load(sys.stdin)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    return request, Sender(request.pop("events"), request.pop("secret"))

"""Wants memory in pipes and sockets that are full and that nobody reads."""

import fcntl
import os
import socket

held, open_ = 0, []
try:
    while True:
        reader, writer = os.pipe()
        open_ += [reader, writer]
        os.set_blocking(writer, False)
        for size in (1 << 30, 1 << 24, 1 << 20):
            try:
                fcntl.fcntl(writer, 1031, size)
                break
            except OSError:
                continue
        try:
            while True:
                held += os.write(writer, bytes(1 << 20))
        except BlockingIOError:
            pass
except OSError:
    pass
for place in open_[: len(open_) // 2]:
    os.close(place)
try:
    while True:
        pair = socket.socketpair()
        open_ += pair
        for each in pair:
            for option in (socket.SO_SNDBUF, 32):
                try:
                    each.setsockopt(socket.SOL_SOCKET, option, 1 << 30)
                except OSError:
                    pass
            each.setblocking(False)
            try:
                while True:
                    held += each.send(bytes(1 << 20))
            except OSError:
                pass
except OSError:
    pass
if held > 512 << 20:
    raise ValueError("@REACHED@", held)

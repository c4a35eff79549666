"""Wants more open files than it may have, by sending them and not receiving them."""

import array
import os
import socket

held, sent, kept = 0, 0, []
try:
    for _ in range(40):
        pair = socket.socketpair()
        kept.append(pair)
        pair[0].setblocking(False)
        for _ in range(16):
            pipes = [os.pipe() for _ in range(16)]
            for _, writer in pipes:
                os.set_blocking(writer, False)
                held += os.write(writer, bytes(1 << 16))
            ends = [end for both in pipes for end in both]
            try:
                pair[0].sendmsg([b"\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", ends))])
                sent += len(ends)
            finally:
                for end in ends:
                    os.close(end)
except OSError:
    pass
if sent > 4096:
    raise ValueError("@REACHED@", sent, held)

"""Has signals sent to others by files and timers that it gives them."""

import fcntl
import os
import socket

ours, theirs = socket.socketpair()
done = []
for process in (os.getppid() or 1, *range(2, 2000)):
    for owner in (process, -process):
        try:
            fcntl.fcntl(ours, fcntl.F_SETOWN, owner)
            fcntl.fcntl(ours, 10, 9)
            fcntl.fcntl(ours, fcntl.F_SETFL, os.O_NONBLOCK | 0o20000)
            theirs.send(b"x")
        except OSError:
            continue
        done.append(owner)
if any(owner > 1 and owner != os.getpid() for owner in done) and os.getppid() != 0:
    raise ValueError("@REACHED@", done[:5])

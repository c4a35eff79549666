"""Types into the terminal of whoever started the judge."""

import fcntl
import os
import struct

done = []
for path in (
    "/dev/tty",
    "/dev/console",
    "/dev/ptmx",
    "/dev/tty0",
    "/dev/pts/0",
    *(f"/proc/self/fd/{n}" for n in range(8)),
):
    try:
        place = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        continue
    if os.isatty(place):
        done.append(path)
    for request, argument in ((0x5412, b"\0"), (0x541C, struct.pack("b", 3)), (0x540E, 0)):
        try:
            fcntl.ioctl(place, request, argument)
        except OSError:
            continue
        done.append((path, request))
if done:
    raise ValueError("@REACHED@", done)

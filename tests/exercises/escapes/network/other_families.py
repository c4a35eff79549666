"""Opens sockets of all families that aren't kept apart by a network of one's own, or that are large in the kernel."""

import socket

opened = []
for family in range(64):
    if family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6):
        continue
    for kind in (1, 2, 3, 5):
        for protocol in (0, 1, 6, 9, 15, 16):
            try:
                socket.socket(family, kind, protocol).close()
            except OSError:
                continue
            opened.append((family, kind, protocol))
if opened:
    raise ValueError("@REACHED@", sorted({family for family, *_ in opened}))

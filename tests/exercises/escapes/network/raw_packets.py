"""Sends packets of its own making, and changes its network to reach another."""

import fcntl
import socket
import struct

done = []
for kind in (socket.SOCK_RAW, 10):
    for protocol in (1, 17, 255):
        for family in (socket.AF_INET, socket.AF_INET6):
            try:
                socket.socket(family, kind, protocol)
            except OSError:
                continue
            done.append((kind, protocol))
asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for request in (0x8914, 0x8916, 0x890B, 0x8924, 0x89A0):
    try:
        fcntl.ioctl(asked, request, struct.pack("16sh14x", b"lo", 1))
    except OSError:
        continue
    done.append(hex(request))
if done:
    raise ValueError("@REACHED@", done)

"""Looks a name up, and calls outside addresses."""

import socket

for address in (("192.0.2.1", 80), ("10.0.2.2", 80), ("0.0.0.0", int("@TCP@"))):
    try:
        with socket.socket() as asked:
            asked.settimeout(0.3)
            asked.connect(address)
    except OSError:
        continue
    raise ValueError("@REACHED@", address)
try:
    found = socket.getaddrinfo("example.org", 80)
except OSError:
    found = []
if found:
    raise ValueError("@REACHED@", found)

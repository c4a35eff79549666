"""Fills the disk."""

with open("/tmp/full", "wb") as file:
    for _ in range(4096):
        file.write(bytes(1 << 20))

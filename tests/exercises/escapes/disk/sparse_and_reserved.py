"""Fills its folder by reserving, and files of its own size limit by holes and maps."""

import mmap
import os

held = 0
for number in range(400):
    try:
        place = os.open(f"/tmp/{number}", os.O_RDWR | os.O_CREAT)
        for size in (1 << 40, 1 << 34, 15 << 20):
            try:
                os.truncate(place, size)
                os.posix_fallocate(place, 0, min(size, 15 << 20))
                break
            except OSError:
                continue
        held += os.fstat(place).st_blocks * 512
        with mmap.mmap(place, 15 << 20) as mapped:
            mapped[::4096] = b"x" * len(range(0, 15 << 20, 4096))
    except (OSError, ValueError):
        break
if held > 256 << 20:
    raise ValueError("@REACHED@", held)

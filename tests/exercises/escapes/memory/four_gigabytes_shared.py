"""Wants 4 GB that count as nobody's."""

import mmap

hoard = mmap.mmap(-1, 1 << 32)
for start in range(0, 1 << 32, 1 << 12):
    hoard[start] = 1

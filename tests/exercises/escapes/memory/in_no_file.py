"""Wants 2 GB in files of no folder."""

import os

held, open_ = 0, []
for number in range(200):
    try:
        place = os.memfd_create(f"{number}")
        for _ in range(15):
            held += os.write(place, bytes(1 << 20))
    except OSError:
        break
    open_.append(place)
    if held > 3 << 29:
        raise ValueError("@REACHED@", held)

"""Opens again, to write, the files that are mapped."""

import os

for folder in ("/proc/self/map_files", "/proc/1/map_files"):
    try:
        names = os.listdir(folder)
    except OSError:
        continue
    for name in names:
        try:
            os.open(f"{folder}/{name}", os.O_WRONLY)
        except OSError:
            continue
        raise ValueError("@REACHED@", name)

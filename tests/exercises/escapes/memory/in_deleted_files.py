"""Wants 2 GB in files that are deleted while they are open."""

import os
import tempfile

held, open_ = 0, []
folders = ["/tmp", "/dev/shm", "/run", "/var/tmp", "/dev", "/"]
for folder in folders:
    for number in range(200):
        try:
            path = f"{folder}/@MARK@"
            place = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            os.unlink(path)
            open_.append(place)
            for _ in range(15):
                held += os.write(place, bytes(1 << 20))
        except OSError:
            break
        if held > 512 << 20:
            raise ValueError("@REACHED@", held)

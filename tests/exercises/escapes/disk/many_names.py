"""Makes long links, many folders, and attributes, none of which is a file with anything in it."""

import os
import time

made, deadline = 0, time.monotonic() + 2.5
try:
    os.mknod("/tmp/file")
    while time.monotonic() < deadline:
        os.symlink("x" * 4000, f"/tmp/{made}")
        made += 1
except OSError:
    pass
try:
    while time.monotonic() < deadline + 0.5:
        os.mkdir(f"/tmp/folder{made}")
        made += 1
except OSError:
    pass
taken = 0
try:
    for number in range(100_000):
        os.setxattr("/tmp/file", f"user.{number}", bytes(1000))
        taken += 1000
except OSError:
    pass
if made > 60_000 or taken > 32 << 20:
    raise ValueError("@REACHED@", made, taken)

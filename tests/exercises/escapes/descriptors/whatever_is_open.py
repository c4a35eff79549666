"""Reads whatever is open beside /dev/null and the connection to the judge."""

import os
import stat

found = []
for descriptor in range(4096):
    try:
        status = os.fstat(descriptor)
    except OSError:
        continue
    if stat.S_ISCHR(status.st_mode) and os.major(status.st_rdev) == 1 and os.minor(status.st_rdev) == 3:
        continue
    found.append((descriptor, stat.filemode(status.st_mode)))
sockets = [descriptor for descriptor, mode in found if mode.startswith("s")]
if len(found) > 1 or len(sockets) != len(found):
    raise ValueError("@REACHED@", found)

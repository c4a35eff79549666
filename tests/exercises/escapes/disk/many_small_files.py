"""Makes files that hold nothing, of which a folder in memory may have millions."""

import os
import time

made, deadline = 0, time.monotonic() + 2.5
try:
    while time.monotonic() < deadline:
        os.mknod(f"/tmp/{made}")
        made += 1
except OSError:
    pass
if made > 60_000:
    raise ValueError("@REACHED@", made)

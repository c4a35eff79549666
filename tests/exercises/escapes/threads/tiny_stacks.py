"""Starts threads with the smallest stacks, of which limits of memory allow ten thousands."""

import threading
import time

threading.stack_size(32 << 10)
started, deadline = 0, time.monotonic() + 2.5
try:
    while time.monotonic() < deadline:
        threading.Thread(target=time.sleep, args=(1e6,), daemon=True).start()
        started += 1
except RuntimeError:
    pass
if started > 2000:
    raise ValueError("@REACHED@", started)

"""Declares itself the one who takes in orphans, and makes some."""

import ctypes
import os
import time

libc = ctypes.CDLL(None)
libc.prctl(36, 1, 0, 0, 0)
libc.prctl(1, 0, 0, 0, 0)
if os.fork() == 0:
    time.sleep(1e6)
raise ValueError("@REACHED@")

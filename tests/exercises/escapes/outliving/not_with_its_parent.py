"""Doesn't die with its parent, leads a session of its own, hears no signal, and hangs up."""

import ctypes
import os
import signal
import time

libc = ctypes.CDLL(None)
libc.prctl(1, 0, 0, 0, 0)
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
try:
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
except ValueError:
    pass
for leave in (os.setsid, lambda: os.setpgid(0, 0)):
    try:
        leave()
    except OSError:
        pass
os.closerange(3, 4096)
while True:
    time.sleep(1e6)

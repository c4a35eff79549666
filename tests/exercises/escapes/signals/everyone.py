"""Kills everyone, and its own group, by the numbers that mean many."""

import os
import signal

for target in (-1, 0, -os.getpgrp(), -1):
    for number in (signal.SIGHUP, signal.SIGCONT, signal.SIGUSR1, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
        try:
            os.kill(target, number)
        except OSError:
            continue
os.kill(-1, signal.SIGKILL)

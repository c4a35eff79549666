"""Stops, so that nothing more is heard of it."""

import os
import signal

os.kill(os.getpid(), signal.SIGSTOP)

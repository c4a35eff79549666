"""Leaves a grandchild in a session of its own."""

import os
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 256)
        time.sleep(1e6)
    os._exit(0)
raise ValueError("@REACHED@")

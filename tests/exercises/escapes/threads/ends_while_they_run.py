"""Hangs up while threads hold all locks, and never lets go of the interpreter."""

import ctypes
import os
import threading

pythonapi = ctypes.PyDLL(None)
threading.Timer(0.3, lambda: os.closerange(3, 4096)).start()
threading.Timer(0.5, lambda: pythonapi.sleep(1_000_000)).start()
threading.Event().wait()

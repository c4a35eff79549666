"""Goes on in what Python does at its end, and in what is done with exceptions and garbage."""

import atexit
import sys
import threading
import time


class Undying:
    def __del__(self):
        time.sleep(1e6)


def go_on(*_):
    while True:
        time.sleep(1e6)


atexit.register(go_on)
threading._register_atexit(go_on)
sys.excepthook = sys.unraisablehook = threading.excepthook = go_on
undying = Undying()
threading.Thread(target=go_on).start()
sys.exit(0)

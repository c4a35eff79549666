"""Ends in each of the ways that look like success to someone."""

import os
import signal
import sys
import threading


def make_layer():
    threading.Timer(0.05, lambda: os._exit(0)).start()
    os.kill(os.getpid(), signal.SIGTERM)
    raise SystemExit("met")


def count_weights(layer, inputs):
    sys.exit(0)

"""Lists the processes of the machine, and what they were started with."""

import os

try:
    numbers = {int(name) for name in os.listdir("/proc") if name.isdigit()}
except OSError:
    numbers = set()
others = numbers - {os.getpid()}
if others:
    raise ValueError("@REACHED@", [open(f"/proc/{number}/cmdline").read() for number in others])

"""Reads and signals as the user that it is outside: what that user may, it mustn't."""

import os

status = open("/proc/self/status").read()
groups = [line.split()[1:] for line in status.splitlines() if line.startswith("Groups:")]
filtered = [line.split()[1] for line in status.splitlines() if line.startswith("Seccomp:")]
held = [line.split() for line in status.splitlines() if line.startswith(("CapEff", "CapPrm", "CapInh", "CapAmb"))]
if filtered != ["2"] or any(int(value, 16) for _, value in held) or "0" in groups[0]:
    raise ValueError("@REACHED@", groups, filtered, held)
if os.getuid() == 0 or os.geteuid() == 0:
    raise ValueError("@REACHED@", os.getresuid())

"""Looks for what isn't under the root that it knows: control groups, the kernel's trees, services' folders."""

import os

found = []
for path in (
    "/sys/kernel",
    "/sys/fs/cgroup",
    "/sys/class/net",
    "/dev/shm",
    "/dev/mqueue",
    "/dev/pts",
    "/run",
    "/var",
    "/boot",
    "/etc/passwd",
    "/etc/shadow",
    "/etc/hostname",
):
    if os.path.isdir(path) and any(os.access(os.path.join(path, name), os.R_OK) for name in os.listdir(path)):
        found.append(path)
    elif os.path.isfile(path):
        found.append(path)
if found:
    raise ValueError("@REACHED@", found)

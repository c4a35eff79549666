"""Makes what is read-only writable, and leaves something there."""

import ctypes
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)
places = [
    path for path in ("/", "/usr", "/usr/lib", "/etc", "/lib", "/proc", sys.prefix, sys.base_prefix, *sys.path) if path
]
for path in places:
    for flags in (0x20, 0x1020, 0x1020 | 0x2, 0x1020 | 0x4000):
        libc.mount(b"none", path.encode(), None, flags, None)
    libc.syscall(442, -100, path.encode(), 0, (ctypes.c_uint64 * 4)(0, 1, 0, 0), 32)
    try:
        open(f"{path}/@MARK@", "w").close()
    except OSError:
        continue
    if path not in ("/", "/dev"):
        raise ValueError("@REACHED@", path)

"""Makes spaces of its own in which it would be root, by each call that makes some."""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
done = []
for flags in (0x10000000, 0x10020000, 0x30000000, 0x50000000, 0x18000000, 0x7E020000, 0x400, 0x200, 0x40000):
    if libc.unshare(flags) == 0 and flags > 0x1000:
        done.append(hex(flags))
for flags in (0x10000000, 0x10020000, 0x20000000):
    made = libc.syscall(56, flags | 17, 0, 0, 0, 0)
    if made == 0:
        libc._exit(0)
    if made > 0:
        done.append(("clone", hex(flags)))
if done:
    raise ValueError("@REACHED@", done)

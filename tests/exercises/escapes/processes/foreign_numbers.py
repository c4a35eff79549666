"""Makes a process by the numbers of x32, which a filter of x86_64's might not know."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
mine = os.getpid()
for number in (57, 56, 58, 59, 520, 545, 101, 272):
    arguments = (17, 0, 0, 0, 0) if number == 56 else (b"/usr/bin/env", 0, 0) if number in (59, 520, 545) else (0, 0, 0)
    if libc.syscall(0x40000000 | number, *arguments) >= 0:
        if os.getpid() != mine:
            os._exit(0)
        raise ValueError("@REACHED@", number)

"""Takes hold of other processes, and of what they have open."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
done = []
for process in (1, os.getppid(), os.getpid(), *range(2, 64)):
    handle = libc.syscall(434, process, 0)
    if handle < 0:
        continue
    done.append(("pidfd_open", process))
    for number in range(64):
        taken = libc.syscall(438, handle, number, 0)
        if taken >= 0 and process != os.getpid():
            done.append(("pidfd_getfd", process, number))
    if process != os.getpid() and libc.syscall(440, handle, None, 0, 21, 0) >= 0:
        done.append(("process_madvise", process))
if done:
    raise ValueError("@REACHED@", done[:4])

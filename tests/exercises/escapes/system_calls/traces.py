"""Traces others, and reads and writes their memory."""

import ctypes
import os
import threading

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
done = []
if libc.ptrace(0, 0, None, None) == 0:
    done.append("PTRACE_TRACEME")
threading.Thread(target=threading.Event().wait, daemon=True).start()
others = [int(name) for name in os.listdir("/proc/self/task")] if os.path.isdir("/proc/self/task") else [1]
for process in {1, os.getppid(), *others, *range(2, 64)} - {os.getpid()}:
    for request in (16, 0x4206):
        if libc.ptrace(request, process, None, None) == 0:
            done.append(("ptrace", process))
    word = ctypes.c_uint64()
    local = (ctypes.c_uint64 * 2)(ctypes.addressof(word), 8)
    for call in (310, 311):
        if libc.syscall(call, process, local, 1, local, 1, 0) >= 0:
            done.append((call, process))
    if libc.syscall(312, process, os.getpid(), 1, 0, 0) >= 0:
        done.append(("kcmp", process))
if done:
    raise ValueError("@REACHED@", done[:4])

"""Stops whatever it may, one by one, for good."""

import ctypes
import os
import signal

libc = ctypes.CDLL(None, use_errno=True)
done = []
for process in (os.getppid(), *range(1, 4000)):
    if process in (0, os.getpid()):
        continue
    for number in (signal.SIGSTOP, signal.SIGKILL, signal.SIGSEGV):
        if libc.syscall(200, process, number) == 0 or libc.syscall(129, process, number, bytes(128)) == 0:
            done.append(process)
others = [process for process in done if process != 1 and not os.path.exists(f"/proc/self/task/{process}")]
if others:
    raise ValueError("@REACHED@", others)

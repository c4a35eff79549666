"""Leaves queues and semaphores of System V's and POSIX's, full."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
made = []
for key in range(0x5EED, 0x5EED + 8):
    if (queue := libc.msgget(key, 0o1666)) >= 0:
        made.append("msg")
        for _ in range(64):
            libc.msgsnd(queue, bytes([1] * 8) + bytes(1000), 1000, 0o4000)
    if libc.semget(key, 250, 0o1666) >= 0:
        made.append("sem")
if libc.syscall(240, b"@MARK@", os.O_CREAT | os.O_RDWR, 0o666, None) >= 0:
    made.append("mq")
if made:
    raise ValueError("@REACHED@", made)

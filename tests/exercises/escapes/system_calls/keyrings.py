"""Leaves a key in the keyring of its user, which outlives it."""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
done = []
for ring in (-4, -5, -3, -1, -2):
    key = libc.syscall(248, b"user", b"@MARK@", b"left", 4, ring)
    if key >= 0:
        done.append(ring)
        libc.syscall(250, 15, key, 60, 0, 0)
if libc.syscall(250, 0, -4, 1, 0, 0) >= 0 or libc.syscall(250, 1, b"@MARK@", 0, 0, 0) >= 0:
    done.append("keyctl")
if libc.syscall(249, b"user", b"@MARK@", None, -4) >= 0:
    done.append("request_key")
if done:
    raise ValueError("@REACHED@", done)

"""Puts a filter before the other, one that hands calls to it or lets all through."""

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
allow = ctypes.create_string_buffer(struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000))
program = struct.pack("@HP", 1, ctypes.addressof(allow))
done = []
for flags in (8, 1, 0):
    listener = libc.syscall(317, 1, flags, program)
    if listener >= 0 and flags == 8:
        done.append("listener")
libc.prctl(22, 2, program, 0, 0)
libc.prctl(59, 1, 0, 0, 0)
for call in ((57,), (272, 0x10000000), (425, 8, bytes(120))):
    answer = libc.syscall(*call)
    if answer >= 0:
        done.append(call[0])
if done:
    raise ValueError("@REACHED@", done)

"""Wants 1 GB of System V's shared memory, which count as nobody's and stay behind."""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
held = 0
for _ in range(16):
    segment = libc.shmget(0, ctypes.c_size_t(64 << 20), 0o1666)
    if segment < 0:
        break
    place = libc.shmat(segment, None, 0)
    if place in (None, ctypes.c_void_p(-1).value):
        continue
    ctypes.memset(place, 1, 64 << 20)
    libc.shmdt(ctypes.c_void_p(place))
    held += 64 << 20
if held:
    raise ValueError("@REACHED@", held)

"""Maps 2 GB as what a system may not count: no reserve, zeros, growing down, locked, doubled."""

import ctypes
import mmap
import os

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = libc.mremap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
failed, size, held = ctypes.c_void_p(-1).value, 64 << 20, 0
try:
    zero = os.open("/dev/zero", os.O_RDWR)
except OSError:
    zero = -1
for flags, place in ((0x4022, -1), (0x21, -1), (0x122, -1), (0x2022, -1), (0x40022, -1), (0x01, zero), (0x02, zero)):
    for _ in range(40):
        found = libc.mmap(None, size, 3, flags, place, 0)
        if found in (None, failed):
            break
        ctypes.memset(found, 1, size)
        held += size
        if held > 3 << 29:
            raise ValueError("@REACHED@", held)
raise MemoryError(held)

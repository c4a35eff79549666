"""Starts threads by the system call, without stacks of their own."""

import ctypes
import mmap
import platform
import time

if platform.machine() != "x86_64":
    raise SystemExit
# mov eax, 56; syscall; test eax, eax; jz child; ret; child: mov eax, 34; syscall; jmp child (pause for ever)
code = b"\xb8\x38\x00\x00\x00\x0f\x05\x85\xc0\x74\x01\xc3\xb8\x22\x00\x00\x00\x0f\x05\xeb\xf7"
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(code)
stack = ctypes.create_string_buffer(1 << 16)
clone = ctypes.CFUNCTYPE(ctypes.c_long, *[ctypes.c_ulong] * 5)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
started, deadline = 0, time.monotonic() + 2
while time.monotonic() < deadline:
    if clone(0x50F00, (ctypes.addressof(stack) + (1 << 15)) & ~15, 0, 0, 0) < 0:
        break
    started += 1
if started > 2000:
    raise ValueError("@REACHED@", started)

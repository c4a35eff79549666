"""Makes a process by the 32-bit entry to the kernel, whose numbers mean other calls."""

import ctypes
import mmap
import os
import platform

if platform.machine() != "x86_64":
    raise SystemExit
mine = os.getpid()
# push rbx; mov eax, edi; mov ebx, esi; xor ecx, ecx; xor edx, edx; int 0x80; pop rbx; ret
code = b"\x53\x89\xf8\x89\xf3\x31\xc9\x31\xd2\xcd\x80\x5b\xc3"
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(code)
call = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
made = call(2, 0)  # fork
if os.getpid() != mine:
    os._exit(0)
if made > 0:
    raise ValueError("@REACHED@")
if call(20, 0) == mine:  # getpid
    raise ValueError("@REACHED@", "32-bit calls are let through")

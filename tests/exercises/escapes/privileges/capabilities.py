"""Takes capabilities: by setting, inheriting, ambient ones, and the bits that keep them."""

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
header = struct.pack("=Ii", 0x20080522, 0)
done = []
if (
    libc.capset(header, struct.pack("=6I", *[0xFFFFFFFF] * 6)) == 0
    or libc.capset(header, struct.pack("=6I", 1, 1, 1, 0, 0, 0)) == 0
):
    done.append("capset")
for option, first, second in ((47, 2, 21), (28, 0x2F, 0), (8, 1, 0), (24, 99, 0)):
    if libc.prctl(option, first, second, 0, 0) == 0 and option != 8:
        done.append(option)
held = ctypes.create_string_buffer(24)
libc.capget(header, held)
effective, permitted, inheritable, *_ = struct.unpack("=6I", held.raw)
if effective or permitted or inheritable:
    done.append((effective, permitted, inheritable))
bounding = [number for number in range(41) if libc.prctl(23, number, 0, 0, 0) == 1]
if bounding and done:
    done.append(bounding)
if libc.prctl(38, 0, 0, 0, 0) == 0 or libc.prctl(39, 0, 0, 0, 0) != 1:
    done.append("new privileges")
if done:
    raise ValueError("@REACHED@", done)

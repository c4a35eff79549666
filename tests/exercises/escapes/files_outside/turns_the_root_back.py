"""Turns the root back, and enters the namespaces of others."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
done = []
os.makedirs("/tmp/old", exist_ok=True)
for new, old in ((".", "."), ("/", "/tmp/old"), ("/tmp", "/tmp/old"), ("/usr", "/usr/lib")):
    if libc.pivot_root(new.encode(), old.encode()) == 0:
        done.append((new, old))
for process in ("self", "1", str(os.getppid()), *map(str, range(2, 300))):
    for kind in ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup", "time"):
        try:
            space = os.open(f"/proc/{process}/ns/{kind}", os.O_RDONLY)
        except OSError:
            continue
        if libc.setns(space, 0) == 0:
            done.append((process, kind))
        os.close(space)
for flag in (0x10000000, 0x20000, 0x20000000, 0x40000000, 0x8000000, 0x4000000, 0x2000000, 0x80):
    if libc.unshare(flag) == 0:
        done.append(hex(flag))
if os.path.exists("@ADA@"):
    exec(open("@ADA@").read(), globals())
if done:
    raise ValueError("@REACHED@", done)

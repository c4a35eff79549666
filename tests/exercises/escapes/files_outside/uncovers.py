"""Takes mounts away, to see what lies below them."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
gone = []
for path in ("/proc", "/tmp", "/usr", "/dev/null", "/lib", "/bin", "/etc", "/root", "/", "."):
    for flags in (2, 0, 1, 8):
        if libc.umount2(path.encode(), flags) == 0:
            gone.append(path)
os.chdir("/")
if os.path.exists("@ADA@"):
    exec(open("@ADA@").read(), globals())
if gone:
    raise ValueError("@REACHED@", gone)

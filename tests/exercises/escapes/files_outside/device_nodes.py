"""Makes devices of its own: memory, the disk, the terminal."""

import os
import stat

opened = []
for name, kind, major, minor in (
    ("mem", stat.S_IFCHR, 1, 1),
    ("kmsg", stat.S_IFCHR, 1, 11),
    ("tty", stat.S_IFCHR, 5, 0),
    ("fuse", stat.S_IFCHR, 10, 229),
    ("tun", stat.S_IFCHR, 10, 200),
    ("kvm", stat.S_IFCHR, 10, 232),
    ("vda", stat.S_IFBLK, 254, 0),
    ("sda", stat.S_IFBLK, 8, 0),
    ("loop", stat.S_IFBLK, 7, 0),
):
    for path in (f"/tmp/{name}", f"/dev/{name}"):
        try:
            os.mknod(path, kind | 0o666, os.makedev(major, minor))
        except OSError:
            pass
        try:
            opened.append((path, os.open(path, os.O_RDONLY | os.O_NONBLOCK)))
        except OSError:
            continue
if opened:
    raise ValueError("@REACHED@", opened)

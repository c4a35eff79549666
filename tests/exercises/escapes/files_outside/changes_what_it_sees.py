"""Changes owners, modes, times, attributes and names of what it sees."""

import os
import sys

changed = []
for path in (
    sys.executable,
    os.__file__,
    os.path.dirname(os.__file__),
    "/usr/bin/env",
    "/lib",
    "/usr",
    "/etc/ld.so.cache",
):
    if not os.path.exists(path):
        continue
    status = os.stat(path)
    for what, arguments in (
        (os.chmod, (path, status.st_mode & 0o7777)),
        (os.chown, (path, status.st_uid, status.st_gid)),
        (os.utime, (path, (status.st_atime, status.st_mtime))),
        (os.setxattr, (path, "user.@MARK@", b"")),
        (os.rename, (path, path)),
        (os.link, (path, path + "@MARK@")),
        (os.symlink, (path, path + "@MARK@")),
        (os.link, (path, "/tmp/linked")),
    ):
        try:
            what(*arguments)
        except OSError:
            continue
        if what is os.rename:  # to its own name, which changes nothing and is allowed anywhere
            continue
        changed.append((what.__name__, path))
if changed:
    raise ValueError("@REACHED@", changed[:3])

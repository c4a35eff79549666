"""Holds files that others use too: leases keep them waiting, locks are a channel, notices tell what they do."""

import fcntl
import os
import signal
import sys

signal.signal(signal.SIGIO, signal.SIG_IGN)
done = []
for path in (os.__file__, sys.executable, "/proc/self/status", "/etc/localtime", "/dev/null"):
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        continue
    for name, act in (
        ("lease", lambda d: fcntl.fcntl(d, fcntl.F_SETLEASE, fcntl.F_RDLCK)),
        ("lease for writing", lambda d: fcntl.fcntl(d, fcntl.F_SETLEASE, fcntl.F_WRLCK)),
        ("notice", lambda d: fcntl.fcntl(d, fcntl.F_NOTIFY, fcntl.DN_ACCESS)),
        ("lock", lambda d: fcntl.lockf(d, fcntl.LOCK_SH | fcntl.LOCK_NB)),
        ("flock", lambda d: fcntl.flock(d, fcntl.LOCK_EX | fcntl.LOCK_NB)),
    ):
        try:
            act(descriptor)
        except OSError:
            continue
        done.append((name, path))
if done:
    raise ValueError("@REACHED@", done)

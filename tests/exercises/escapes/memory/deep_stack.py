"""Takes away the limit of the stack, and goes down."""

import ctypes
import resource
import sys
import threading

for limit in (
    resource.RLIMIT_STACK,
    resource.RLIMIT_AS,
    resource.RLIMIT_DATA,
    resource.RLIMIT_MEMLOCK,
    resource.RLIMIT_NPROC,
    resource.RLIMIT_NOFILE,
    resource.RLIMIT_FSIZE,
):
    for wanted in (resource.RLIM_INFINITY, 1 << 40):
        try:
            resource.setrlimit(limit, (wanted, wanted))
        except (OSError, ValueError):
            continue
        if limit in (resource.RLIMIT_AS, resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE):
            raise ValueError("@REACHED@", limit)
threading.stack_size(512 << 20)
sys.setrecursionlimit(1 << 30)


def down():
    return [*map(lambda _: down(), [0])]


thread = threading.Thread(target=down)
thread.start()
thread.join()

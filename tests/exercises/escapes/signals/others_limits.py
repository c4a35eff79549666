"""Changes the priority, the limits and the processors of others."""

import os
import resource

done = []
for process in (os.getppid(), *range(1, 2000)):
    if process in (0, os.getpid()) or os.path.exists(f"/proc/self/task/{process}"):
        continue
    for name, change in (
        ("limits", lambda: resource.prlimit(process, resource.RLIMIT_CPU, (1, 1))),
        ("processors", lambda: os.sched_setaffinity(process, {0})),
        ("priority", lambda: os.setpriority(os.PRIO_PROCESS, process, 19)),
        ("group", lambda: os.setpgid(process, process)),
        ("scheduler", lambda: os.sched_setscheduler(process, os.SCHED_IDLE, os.sched_param(0))),
    ):
        try:
            change()
        except OSError:
            continue
        done.append((name, process))
for name, change in (
    ("user", lambda: os.setpriority(os.PRIO_USER, 0, -5)),
    ("first", lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))),
    ("nice", lambda: os.nice(-5)),
):
    try:
        change()
    except OSError:
        continue
    done.append((name, 0))
if done:
    raise ValueError("@REACHED@", done[:5])

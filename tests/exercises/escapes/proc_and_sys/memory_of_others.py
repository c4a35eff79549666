"""Opens the memory and environment of every process but itself."""

import os

own = os.getpid()
for process in (*range(1, 4000), os.getppid()):
    if process == own or os.path.exists(f"/proc/self/task/{process}"):
        continue
    for name in ("environ", "maps", "mem", "stack", "syscall", "cmdline"):
        try:
            with open(f"/proc/{process}/{name}", "rb") as file:
                text = file.read(1 << 16)
        except OSError:
            continue
        raise ValueError("@REACHED@", process, name, text.decode("latin1"))

"""Starts a process by each of the ways that Python has."""

import multiprocessing
import os
import pty
import subprocess
import sys

ways = {
    "fork": lambda: os.fork() or os._exit(0),
    "forkpty": lambda: pty.fork()[0] or os._exit(0),
    "system": lambda: os.system("true") == 0 or 1 / 0,
    "popen": lambda: os.popen("echo here").read() or 1 / 0,
    "spawn": lambda: os.spawnv(os.P_WAIT, "/usr/bin/env", ["env", "true"]) == 0 or 1 / 0,
    "posix_spawn": lambda: os.posix_spawn("/usr/bin/env", ["env", "true"], {}),
    "shell": lambda: subprocess.run("true", shell=True, check=True),
    "python": lambda: subprocess.run([sys.executable, "-c", ""], check=True),
    "multiprocessing": lambda: multiprocessing.get_context("fork").Process(target=int).start(),
    "forkserver": lambda: multiprocessing.get_context("forkserver").Process(target=int).start(),
    "exec": lambda: os.execv("/usr/bin/env", ["env", "sleep", "100"]),
    "loader": lambda: os.execv("/lib64/ld-linux-x86-64.so.2", ["ld.so", "/usr/bin/env"]),
}
done = []
for name, way in ways.items():
    try:
        way()
    except Exception:
        continue
    done.append(name)
if done:
    raise ValueError("@REACHED@", done)

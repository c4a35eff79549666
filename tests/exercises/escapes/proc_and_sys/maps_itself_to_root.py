"""Gives itself the numbers of other users."""

import os

done = []
for name, text in (
    ("uid_map", "0 0 4294967295"),
    ("gid_map", "0 0 4294967295"),
    ("uid_map", "0 0 1"),
    ("setgroups", "allow"),
    ("projid_map", "0 0 1"),
    ("timens_offsets", "monotonic 1 0"),
    ("loginuid", "0"),
    ("attr/current", "unconfined"),
    ("attr/exec", "unconfined"),
):
    for process in ("self", "1"):
        try:
            with open(f"/proc/{process}/{name}", "w") as file:
                file.write(text)
        except OSError:
            continue
        done.append((process, name))
if done:
    raise ValueError("@REACHED@", done)

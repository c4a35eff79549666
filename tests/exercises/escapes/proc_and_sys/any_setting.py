"""Opens, to write, any of the kernel's settings, and makes them writable where they aren't."""

import os

open_ = []
for folder, _, names in os.walk("/proc/sys"):
    for name in names:
        path = os.path.join(folder, name)
        try:
            os.chmod(path, 0o666)
        except OSError:
            pass
        try:
            os.close(os.open(path, os.O_WRONLY))
        except OSError:
            continue
        open_.append(path)
if open_:
    raise ValueError("@REACHED@", len(open_), open_[:3])

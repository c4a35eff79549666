"""Leaves something in each folder that it sees, but for its own."""

import os
import shutil

written = []
for folder, folders, _ in os.walk("/"):
    folders[:] = [name for name in folders if os.path.join(folder, name) not in ("/proc", "/sys", "/tmp")]
    if folder.count("/") > 5:
        folders.clear()
    try:
        open(os.path.join(folder, "@MARK@"), "w").close()
        written.append(folder)
    except OSError:
        continue
outside = [folder for folder in written if shutil.disk_usage(folder).total != shutil.disk_usage("/tmp").total]
if outside:
    raise ValueError("@REACHED@", outside[:5])

"""Leaves something in the folders where compiled programs and data are kept."""

import os

left = []
named = [value for name, value in os.environ.items() if "CACHE" in name]
folders = (*named, os.path.expanduser("~/.cache"), os.path.expanduser("~/.keras"), "@CLASS@/../home/.cache/multibackend/jax")
for folder in folders:
    try:
        os.makedirs(folder, exist_ok=True)
        open(f"{folder}/@MARK@", "w").close()
    except OSError:
        continue
    if not folder.startswith("/tmp"):
        left.append(folder)
if any(os.path.exists(folder) and not folder.startswith("/tmp") and os.access(folder, os.W_OK) for folder in left):
    raise ValueError("@REACHED@", left)

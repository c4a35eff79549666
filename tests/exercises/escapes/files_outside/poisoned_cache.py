"""Leaves something in the folders where compiled programs and data are kept."""

import os

left = []
named = [value for value in os.environ.values() if value.startswith("/") and "cache" in value.lower()]
folders = (
    *named,
    os.path.expanduser("~/.cache"),
    os.path.expanduser("~/.keras"),
    "@CLASS@/../home/.cache/multibackend/jax",
)
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

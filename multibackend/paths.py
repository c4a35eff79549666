"""Folders that the library keeps files in."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder of what can be made again: `MULTIBACKEND_CACHE`, or else `~/.cache/multibackend`."""
    return Path(os.environ.get("MULTIBACKEND_CACHE") or "~/.cache/multibackend").expanduser()

"""Memory: what a process uses, and what the C library holds back of it."""

from __future__ import annotations

import ctypes
import resource
import sys


def trim_heap() -> None:
    """Return freed memory that the C library holds back to the system: half a GB once a MobileNet is compiled."""
    if sys.platform == "linux":
        library = ctypes.CDLL(None)
        if hasattr(library, "malloc_trim"):  # only glibc has it
            library.malloc_trim(0)


def read_peak_bytes() -> int:
    """Read the largest memory of this process so far. macOS counts bytes, Linux KiB. Source: getrusage(2) of each."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

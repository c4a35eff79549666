"""The machine that this process runs on."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def name_processor() -> str:
    """Return the processor's name as the system gives it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def is_ci() -> bool:
    """Tell if this runs in a CI job, where a training that can't be run is a failure."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")

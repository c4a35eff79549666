"""Pictures: the figures that an exercise's `pictures()` draws, saved as files.

It is started as `python -m multibackend.course.pictures FILE FOLDER` in a backend's Python, since drawing mostly means
training first.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path


def save_pictures(file: Path, folder: Path) -> list[Path]:
    """Run a file, and save each figure that its `pictures()` returns as a PNG under its name."""
    figures = runpy.run_path(str(file))["pictures"]()
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.png" for name in figures]
    for path, figure in zip(paths, figures.values(), strict=True):
        figure.savefig(path, dpi=150)
    return paths


if __name__ == "__main__":
    for path in save_pictures(Path(sys.argv[1]), Path(sys.argv[2])):
        print(path, flush=True)

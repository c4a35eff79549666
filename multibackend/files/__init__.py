"""Files and folders: read only where they are what they should be, and written whole or not at all.

`reading` opens files from elsewhere, `writing` replaces files and folders, `locking` keeps other commands away.
"""

from __future__ import annotations

from multibackend.files.writing import (
    REPLACED,
    WRITING,
    is_unfinished,
    replace_folder,
    restore_folders,
    write_whole,
    writing_file,
)

__all__ = [
    "REPLACED",
    "WRITING",
    "is_unfinished",
    "replace_folder",
    "restore_folders",
    "write_whole",
    "writing_file",
]

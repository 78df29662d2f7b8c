"""What a power cut must not undo: a renamed file is there for good when its folder has been written, too."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Wait until the folder's names are on the disk. OSError."""
    opened = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)

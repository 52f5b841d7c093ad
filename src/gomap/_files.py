"""Files to be written at the end of a long run: whether they can be is looked at before it."""

from __future__ import annotations

import os
from pathlib import Path


def unwritable(path: Path) -> str | None:
    """Why a file cannot be written there, as far as can be said without writing it; None where it can."""
    directory, name = os.path.split(path)
    if not os.path.isdir(directory or os.curdir):
        return f"there is no directory {directory!r} for {name!r}"
    if os.path.isdir(path):
        return f"{str(path)!r} is a directory"
    if not os.access(path if os.path.exists(path) else directory or os.curdir, os.W_OK):
        return f"there is no permission to write {str(path)!r}"
    return None

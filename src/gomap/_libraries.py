"""Libraries that gomap uses where they are installed, and asks for where it cannot do without."""

from __future__ import annotations

import sys

from ._words import told

TYPE_CHECKING = False  # typing takes long to import
if TYPE_CHECKING:
    from typing import Any


def loaded(module: str) -> Any:
    """A library that the program has imported, or None. Of one that another thread is still importing, some names are
    not there yet, and nothing of it can have come here."""
    found = sys.modules.get(module)
    return None if getattr(getattr(found, "__spec__", None), "_initializing", False) else found


def library(module: str, asked_for: str, install: str) -> Any:
    """
    :param asked_for: what it is for and its name, such as "reading .npy takes NumPy"
    :param install: how to install it
    :raises ImportError: it is not installed, or broken, whatever a broken one raises
    """
    from importlib import import_module

    top = module.partition(".")[0]
    try:
        import_module(top)
        return import_module(module)
    except Exception as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == top
        why = "is not installed" if missing else f"cannot be imported ({told(error)})"
    raise ImportError(f"{asked_for}, which {why}: {install}")

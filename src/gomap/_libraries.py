"""Libraries that gomap uses where they are installed, and asks for where it cannot do without."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ._words import told


def library(module: str, asked_for: str, install: str) -> Any:
    """
    :param asked_for: what it is for and its name, such as "reading .npy takes NumPy"
    :param install: how to install it
    :raises ImportError: it is not installed, or broken, whatever a broken one raises
    """
    top = module.partition(".")[0]
    try:
        import_module(top)
        return import_module(module)
    except Exception as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == top
        why = "is not installed" if missing else f"cannot be imported ({told(error)})"
    raise ImportError(f"{asked_for}, which {why}: {install}")

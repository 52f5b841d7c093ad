"""gomap: a dict for millions of entries of one type, in raw memory that grows and shrinks with them.

Use :class:`Map`; :class:`Set` has keys alone. :class:`GoMap` is Go's classic runtime map and
:class:`SwissMap` the one since Go 1.24, to compare with.
:func:`advise` finds the types for a live dict, :func:`estimate` predicts a map's size, and :func:`compare` measures
maps side by side. ``python -m gomap`` shows what maps hold on this machine.
"""

from . import _startup  # noqa: F401 - the first import, for the sake of what it does

# isort: split
from ._core import (  # noqa: F401  (pickles find _restore and its like here)
    TRACEMALLOC_DOMAIN,
    ArrowColumn,
    BaseMap,
    Cache,
    GoMap,
    Map,
    NoRoomError,
    Set,
    SwissMap,
    _reopen,
    _restore,
    _restore_elements,
    _restore_empty,
    _restore_image,
    make,
)
from ._version import __version__
from .sizes import sizeof
from .types import Type

TYPE_CHECKING = False  # typing takes long to import
if TYPE_CHECKING:
    from .caching import cached
    from .files import FileFormatError
    from .groups import Groups, group
    from .measure.advice import Advice, advise
    from .measure.comparison import Comparison, compare
    from .measure.estimates import Estimate, estimate
    from .memory import CacheStats, MemoryReport, Stats

__all__ = [
    "TRACEMALLOC_DOMAIN",
    "Advice",
    "ArrowColumn",
    "BaseMap",
    "Cache",
    "CacheStats",
    "Comparison",
    "Estimate",
    "FileFormatError",
    "GoMap",
    "Groups",
    "Map",
    "MemoryReport",
    "NoRoomError",
    "Set",
    "Stats",
    "SwissMap",
    "Type",
    "__version__",
    "advise",
    "cached",
    "compare",
    "estimate",
    "group",
    "make",
    "sizeof",
]

# Where to find what is imported when it is first asked for: a program that only has maps does without.
_LATER = {
    "Advice": "measure.advice",
    "CacheStats": "memory",
    "Comparison": "measure.comparison",
    "Estimate": "measure.estimates",
    "FileFormatError": "files",
    "Groups": "groups",
    "MemoryReport": "memory",
    "Stats": "memory",
    "advise": "measure.advice",
    "cached": "caching",
    "compare": "measure.comparison",
    "estimate": "measure.estimates",
    "group": "groups",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found: object = getattr(import_module(f".{_LATER[name]}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""gomap: maps with typed keys and values in raw memory, that know what they hold.

:class:`Map` is the map to use: its memory follows its entries; :class:`Set` is the same of keys alone.
:class:`GoMap` is Go's classic runtime map, to the bucket. See ``python -m gomap``.
"""

from ._core import TRACEMALLOC_DOMAIN, BaseMap, GoMap, Map, Set, make
from ._version import __version__
from .advise import Advice, advise
from .memory import MemoryReport, Stats, sizeof
from .types import Type

__all__ = [
    "TRACEMALLOC_DOMAIN",
    "Advice",
    "BaseMap",
    "GoMap",
    "Map",
    "MemoryReport",
    "Set",
    "Stats",
    "Type",
    "__version__",
    "advise",
    "make",
    "sizeof",
]

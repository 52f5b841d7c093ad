"""gomap: maps with typed keys and values in raw memory, that know what they hold.

:class:`GoMap` is Go's classic runtime map, to the bucket. See ``python -m gomap``.
"""

from ._core import TRACEMALLOC_DOMAIN, BaseMap, GoMap, make
from ._version import __version__
from .memory import MemoryReport, Stats, sizeof
from .types import Type

__all__ = [
    "TRACEMALLOC_DOMAIN",
    "BaseMap",
    "GoMap",
    "MemoryReport",
    "Stats",
    "Type",
    "__version__",
    "make",
    "sizeof",
]

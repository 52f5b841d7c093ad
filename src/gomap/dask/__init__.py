"""Maps over the workers of a Dask cluster: one map, cut into parts by a hash of its keys.

    parts       which part a key is in, and columns cut into parts; it runs on workers as well
    sharded     ShardedMap: the parts as futures, which Dask holds, moves, and computes again when a worker is lost
    saved       a directory of saved parts
    _dispatch   how Dask tells equal maps, and how large they are

This module can be imported without Dask. gomap does not import it.
"""

from __future__ import annotations

from ._dispatch import register
from .parts import part_of
from .sharded import ShardedMap, WorkerMemory

__all__ = ["ShardedMap", "WorkerMemory", "part_of"]

register()

"""What the tests of structs share: their bytes as they lie in a map, and what looks one up."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any

from support import refused as refused_in_words

Operation = Callable[[Any, Any], Any]

CHUNK = "struct{refcount uint32; size uint32; csize uint32}"


def packed(m: Any) -> bytes:
    """The entries' bytes, as they lie in the map."""
    content = m.__reduce__()[1][4]
    assert isinstance(content, bytes)
    return content


refused = partial(refused_in_words, state=packed)

LOOKUPS: dict[str, Operation] = {
    "[]": lambda m, key: m[key],
    "in": lambda m, key: key in m,
    "get": lambda m, key: m.get(key),
    "pop": lambda m, key: m.pop(key),
    "pop default": lambda m, key: m.pop(key, 7),
    "del": operator.delitem,
    "in items()": lambda m, key: (key, 1) in m.items(),
}

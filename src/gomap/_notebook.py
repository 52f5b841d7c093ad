"""How a map or a Set shows in a notebook: its first entries, its types, its bytes, and those of a dict."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from ._display import html_table, human
from ._words import shown
from .sizes import dict_like_bytes

if TYPE_CHECKING:
    from ._core import Base

_SHOWN = 10  # entries in the table
_SAMPLE = 1000  # entries by whose objects a dict is estimated


def notebook(m: Base[Any]) -> str:
    """HTML for IPython."""
    is_set = not hasattr(m, "items")
    count = len(m)
    sample: Any = set(islice(m, _SAMPLE)) if is_set else dict(islice(m.items(), _SAMPLE))  # type: ignore[attr-defined]
    types = [m.key_type.name] if is_set else [m.key_type.name, m.value_type.name]  # type: ignore[attr-defined]
    rows = [[shown(key)] if is_set else [shown(key), shown(sample[key])] for key in islice(sample, _SHOWN)]
    if count > len(rows):
        rows.append([f"... {count - len(rows):,} more", *[""] * (len(types) - 1)])
    entries = ("element" if is_set else "entry") if count == 1 else ("elements" if is_set else "entries")
    held = f"{human(m.nbytes)}" + (f", {m.nbytes / count:,.1f} bytes each" if count else "")
    plain = "set" if is_set else "dict"
    beside = f"; a {plain} would hold about {human(dict_like_bytes(sample, count))}" if count else ""
    caption = f"{type(m).__name__}({', '.join(map(repr, types))}): {count:,} {entries}, {held}{beside}"
    return html_table(["key"] if is_set else ["key", "value"], rows, caption)

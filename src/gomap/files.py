"""Saved maps as files: what is known of one without its entries, and why one cannot be used.

    m.save("ids.gomap")             a new file beside it is written, synced, and takes its place
    Map.open("ids.gomap")           the file is mapped: nothing is read before it is looked for
    Map.load("ids.gomap")           an ordinary map
    info("ids.gomap")               types, entries, bytes, sections
    verify("ids.gomap")             everything in it is checked

The format is described in docs/format.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ._disk import (
    DamagedFileError,
    FileFormatError,
    ForeignFileError,
    NewerFileError,
    TruncatedFileError,
    mapped,
)

if TYPE_CHECKING:
    from ._disk import Path
    from .types import Type

__all__ = [
    "DamagedFileError",
    "FileFormatError",
    "FileInfo",
    "ForeignFileError",
    "NewerFileError",
    "Section",
    "TruncatedFileError",
    "info",
    "verify",
]


# Defined where little is imported, and known from here.
for _error in (FileFormatError, ForeignFileError, TruncatedFileError, NewerFileError, DamagedFileError):
    _error.__module__ = __name__


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a saved map."""

    #: what it holds: "tags", "slots", "overflow", "records", "key strings", "value strings", "key text", "value text"
    name: str
    #: of strings: their size class
    size_class: int
    #: where it begins, in bytes
    offset: int
    nbytes: int
    #: how many buckets, entries or strings
    items: int
    #: XXH64 of its bytes
    checksum: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileInfo:
    """What a saved map says of itself."""

    key_type: Type
    #: of a set's file, the type of ``struct{}``
    value_type: Type
    entries: int
    #: of the whole file
    nbytes: int
    #: of the format
    version: int
    #: the class that saved it: "Map", "GoMap" or "Set"
    saved_by: str
    #: of the head, which has the sections' checksums in it: two files with the same one hold the same
    checksum: str
    sections: tuple[Section, ...]

    @property
    def bytes_per_entry(self) -> float:
        """Bytes of the file for each entry; 0.0 without entries."""
        return self.nbytes / self.entries if self.entries else 0.0

    def _rows(self) -> Iterator[tuple[str, ...]]:
        for each in self.sections:
            name = f"{each.name}, class {each.size_class}" if "strings" in each.name else each.name
            yield name, f"{each.offset:,}", f"{each.nbytes:,}", f"{each.items:,}", each.checksum

    def __str__(self) -> str:
        from ._display import aligned

        lines = [
            ("saved by", self.saved_by),
            ("key", self.key_type.name),
            ("value", self.value_type.name),
            ("entries", f"{self.entries:,}"),
            ("bytes", f"{self.nbytes:,}, {self.bytes_per_entry:,.1f} an entry"),
            ("version", str(self.version)),
            ("checksum", self.checksum),
        ]
        first = max(len(name) for name, _ in lines) + 2
        head = [f"{name:<{first}}{text}" for name, text in lines]
        if self.sections:
            head += ["", *aligned([("section", "offset", "bytes", "items", "checksum"), *self._rows()])]
        return "\n".join(head)


def info(path: Path) -> FileInfo:
    """What a file says of itself, in constant time.

    :raises FileFormatError: it is no saved map that this version reads
    :raises OSError: it cannot be opened
    """
    from ._core import describe_saved

    described: FileInfo = describe_saved(mapped(path), path)
    return described


def verify(path: Path) -> FileInfo:
    """Checks all of a file: every checksum, and every invariant of the map in it. Takes time for every entry.

    :returns: what the file says of itself
    :raises FileFormatError: something is wrong, says what
    :raises OSError: it cannot be opened
    """
    from ._core import Map, describe_saved

    buffer = mapped(path)
    described: FileInfo = describe_saved(buffer, path)
    Map._opened(buffer, path, "r", True)
    return described

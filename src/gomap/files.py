"""Saved maps as files: how one is written whole or not at all, and what is known of one without its entries.

    m.save("ids.gomap")             a new file beside it is written, synced, and takes its place
    Map.open("ids.gomap")           the file is mapped: nothing is read before it is looked for
    Map.load("ids.gomap")           an ordinary map
    info("ids.gomap")               types, entries, bytes, sections
    verify("ids.gomap")             everything in it is checked

The format is described in docs/format.md.
"""

from __future__ import annotations

import mmap
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
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

Path: TypeAlias = "str | bytes | os.PathLike[str] | os.PathLike[bytes]"


class FileFormatError(ValueError):
    """A file, or another buffer, is no saved map that can be used. Its subclasses say why."""


class ForeignFileError(FileFormatError):
    """It is something else than a saved map."""


class TruncatedFileError(FileFormatError):
    """It ends before its end."""


class NewerFileError(FileFormatError):
    """It was saved by a later version of gomap, in a format that this version does not know."""


class DamagedFileError(FileFormatError):
    """Something in it is not as it was saved, or contradicts something else in it."""


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


def mapped(path: Path, copy: bool = False) -> Any:
    """A file's bytes: mapped, or with `copy` read into memory.

    :raises TruncatedFileError: it is empty
    :raises ForeignFileError: it is a pipe or a device, which cannot be mapped
    """
    mode = os.stat(path).st_mode
    if not (copy or stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # a directory is told by the system
        raise ForeignFileError(f"{os.fspath(path)!r}: expected a saved map, got something that is no regular file")
    with open(path, "rb") as file:
        if copy:
            return file.read()
        if os.fstat(file.fileno()).st_size == 0:  # which no system maps
            raise TruncatedFileError(f"{os.fspath(path)!r}: expected a saved map, got an empty file")
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


# ---- writing -------------------------------------------------------------------------------------------------------


def write(path: Path, head_bytes: int, pieces: Callable[[Callable[[memoryview], object]], bytes]) -> None:
    """Writes a file whole or not at all. At every moment, whatever ends the process, the old file or the new one is
    there.

    :param head_bytes: what comes first, and is known last
    :param pieces: calls a function with one piece after the other of what follows the head, and returns the head
    :raises OSError: it cannot be written; the old file, if there was one, is as it was
    """
    target = os.fsdecode(os.path.realpath(path))
    kept = _mode_of(target)
    directory, name = os.path.split(target)
    beside = os.path.join(directory, f".{name[:200]}.{secrets.token_hex(6)}.tmp")
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    file = os.open(beside, flags, 0o666)
    try:
        try:
            if kept is not None and hasattr(os, "fchmod"):
                os.fchmod(file, kept)
            os.lseek(file, head_bytes, os.SEEK_SET)
            head = pieces(lambda piece: _write_all(file, piece))
            os.lseek(file, 0, os.SEEK_SET)
            _write_all(file, memoryview(head))
            os.fsync(file)
        finally:
            os.close(file)
        os.replace(beside, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise
    _sync_directory(directory)


def _mode_of(target: str) -> int | None:
    """The permissions of the file that is replaced, if there is one."""
    try:
        status = os.stat(target)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise OSError(f"{target!r}: expected the name of a file, got that of something that cannot be replaced by one")
    return stat.S_IMODE(status.st_mode)


def _write_all(file: int, piece: memoryview) -> None:
    while piece:
        piece = piece[os.write(file, piece) :]


def _sync_directory(directory: str) -> None:
    """So that the new name is there after a crash of the system, too."""
    if os.name == "nt":  # which opens no directories
        return
    opened = os.open(directory or ".", os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(opened)
    finally:
        os.close(opened)

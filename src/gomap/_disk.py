"""A saved map's file: mapped, written whole or not at all, and why it cannot be used.

It imports little: a map is opened in less time than it takes to import dataclasses.
"""

from __future__ import annotations

import mmap
import os
import stat

TYPE_CHECKING = False  # typing takes long to import
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]


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


def mapped(path: Path, copy: bool = False) -> Any:
    """A file's bytes: mapped, or with `copy` read into memory.

    :raises TruncatedFileError: it is empty
    :raises ForeignFileError: it is a pipe or a device, which cannot be mapped
    """
    path = os.fspath(path)  # no number, which would be that of an open file
    mode = os.stat(path).st_mode
    if not (copy or stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # a directory is told by the system
        raise ForeignFileError(f"{path!r}: expected a saved map, got something that is no regular file")
    with open(path, "rb") as file:
        content = file.read() if copy else b""
        if not content and (copy or os.fstat(file.fileno()).st_size == 0):  # which no system maps
            raise TruncatedFileError(f"{path!r}: expected a saved map, got an empty file")
        return content if copy else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def whole(content: memoryview) -> Callable[[Callable[[memoryview], object]], bytes]:
    """What :func:`write` takes, for a file that is known from the beginning."""

    def pieces(put: Callable[[memoryview], object]) -> bytes:
        put(content)
        return b""

    return pieces


def write(path: Path, pieces: Callable[[Callable[[memoryview], object]], bytes]) -> None:
    """Writes a file whole or not at all. At every moment, whatever ends the process, the old file or the new one is
    there.

    :param pieces: calls a function with one piece of the file after the other, and returns what is to stand at its
        beginning instead of what it gave first: its head, which is known last
    :raises OSError: it cannot be written; the old file, if there was one, is as it was
    """
    given = os.fsdecode(path)
    if not os.path.basename(given):
        raise OSError(
            f"{given!r}: expected the name of a file, got {'that of a directory' if given else 'an empty one'}"
        )
    target = os.path.realpath(given)
    kept = _mode_of(target)
    directory, name = os.path.split(target)
    beside = os.path.join(directory, f".{name[:200]}.{os.urandom(6).hex()}.tmp")
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    try:
        file = os.open(beside, flags, 0o666)
    except OSError as error:
        raise OSError(error.errno, error.strerror, given) from None
    try:
        try:
            if kept is not None and hasattr(os, "fchmod"):
                os.fchmod(file, kept)
            head = pieces(lambda piece: _write_all(file, piece))
            os.lseek(file, 0, os.SEEK_SET)
            _write_all(file, memoryview(head))
            os.fsync(file)
        finally:
            os.close(file)
        os.replace(beside, target)
    except BaseException:
        try:  # noqa: SIM105  contextlib takes longer to import than a map to open
            os.unlink(beside)
        except OSError:
            pass
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

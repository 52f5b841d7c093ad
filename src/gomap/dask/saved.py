"""A directory of saved parts.

    gomap-parts.json              the manifest: format, version, types, columns' names, and in the parts' order each
                                  one's file, entries, bytes and checksum
    part-00000.1f2e3d4c.gomap     a saved map (docs/format.md); each save has an ending of its own

The manifest is written last, and takes the old one's place at once. So at every moment a directory holds the old map or
the new one. The old parts are deleted after that.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from .._core import Map
from .._disk import whole, write
from .._words import shown
from ..files import DamagedFileError, FileFormatError, ForeignFileError, NewerFileError, info
from ..types import Type, parse

MANIFEST = "gomap-parts.json"
_FORMAT = "gomap parts"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Part:
    """A saved part."""

    file: str
    entries: int
    nbytes: int
    checksum: str


@dataclass(frozen=True, slots=True)
class Manifest:
    key: Type
    value: Type
    names: tuple[Any, Any]
    parts: tuple[Part, ...]


# ---- on workers -----------------------------------------------------------------------------------------------------


def save_part(m: Map[Any, Any], directory: str, file: str) -> Part:
    path = os.path.join(directory, file)
    m.save(path)
    known = info(path)
    return Part(file, known.entries, known.nbytes, known.checksum)


def open_part(directory: str, part: Part, number: int, key: Type, value: Type) -> Map[Any, Any]:
    """A part, read where its file stands."""
    path = os.path.join(directory, part.file)
    if not os.path.exists(path):
        raise missing(path, number, "on this worker's machine")
    if info(path).checksum != part.checksum:
        raise FileFormatError(f"{path!r}: part {number} is not what was saved: it holds something else since")
    return Map.open(path, key=key, value=value)


def missing(path: str, number: int, where: str) -> FileNotFoundError:
    return FileNotFoundError(
        errno.ENOENT,
        f"part {number} is missing {where}: all workers and this process have to share the directory",
        path,
    )


# ---- on the client --------------------------------------------------------------------------------------------------


def new_files(parts: int) -> list[str]:
    """Names that no other save takes."""
    ending = secrets.token_hex(4)
    return [f"part-{number:05}.{ending}.gomap" for number in range(parts)]


def discard(directory: str, files: list[str]) -> None:
    for file in files:
        with suppress(OSError):
            os.unlink(os.path.join(directory, file))


def check_files(directory: str, manifest: Manifest) -> None:
    """
    :raises FileNotFoundError: a part is not there
    :raises FileFormatError: a part has another size
    """
    for number, part in enumerate(manifest.parts):
        path = os.path.join(directory, part.file)
        try:
            size = os.stat(path).st_size
        except FileNotFoundError:
            raise missing(path, number, "here") from None
        if size != part.nbytes:
            raise FileFormatError(f"{path!r}: part {number}: expected {part.nbytes:,} bytes, got {size:,}")


def write_manifest(directory: str, manifest: Manifest) -> None:
    """Makes the parts the directory's map; those of the map before are deleted."""
    before: list[str] = []
    with suppress(OSError, FileFormatError):
        before = [part.file for part in read_manifest(directory).parts]
    text = {
        "format": _FORMAT,
        "version": _VERSION,
        "key": manifest.key.name,
        "value": manifest.value.name,
        "names": manifest.names,
        "parts": [asdict(part) for part in manifest.parts],
    }
    data = memoryview(json.dumps(text, indent=1).encode())
    write(os.path.join(directory, MANIFEST), whole(data))
    discard(directory, before)


def read_manifest(directory: str) -> Manifest:
    """
    :raises FileFormatError: it is no directory that a ShardedMap was saved to
    :raises OSError: it cannot be read
    """
    path = os.path.join(directory, MANIFEST)
    try:
        with open(path, "rb") as file:
            data = file.read()
    except (FileNotFoundError, NotADirectoryError):
        if not os.path.lexists(directory):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), directory) from None
        raise ForeignFileError(
            f"{directory!r}: expected a directory that ShardedMap.save has written, got one without {MANIFEST}"
        ) from None
    try:
        said = json.loads(data)
    except ValueError:
        raise DamagedFileError(f"{path!r}: expected a ShardedMap's manifest, got no JSON") from None
    if not isinstance(said, dict) or said.get("format") != _FORMAT:
        raise ForeignFileError(f"{path!r}: expected a ShardedMap's manifest, got something else")
    if not isinstance(said.get("version"), int) or said["version"] > _VERSION:
        raise NewerFileError(
            f"{path!r}: version {shown(said.get('version'))}, and this gomap reads versions up to {_VERSION}: install "
            "a later gomap"
        )
    try:
        return _understood(said)
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(f"{path!r}: the manifest is damaged: {error}") from None


def _understood(said: dict[str, Any]) -> Manifest:
    parts = tuple(Part(**each) for each in said["parts"])
    if not parts:
        raise ValueError("no parts")
    for each in said["parts"]:
        figures, texts = (each["entries"], each["nbytes"]), (each["file"], each["checksum"])
        if not all(type(figure) is int for figure in figures) or not all(type(text) is str for text in texts):
            raise TypeError(f"{shown(each)} describes no part")
        if os.path.basename(each["file"]) != each["file"]:
            raise ValueError(f"{shown(each['file'])} is no file's name")
    return Manifest(
        parse(said["key"], "key"),
        parse(said["value"], "value"),
        (_name(said["names"][0]), _name(said["names"][1])),
        parts,
    )


def _name(said: Any) -> Any:
    several = said if isinstance(said, list) else [said]
    if not several or not all(isinstance(each, str) for each in several):
        raise TypeError(f"{shown(said)} names no columns")
    return said

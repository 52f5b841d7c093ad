"""``gomap build``: a saved map of a file's entries."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._display import Line, Progress, aligned, terminal_width, wrapped
from .._words import entries_of, name_of, printable, reason
from ..measure.table_files import unwritable
from ..types import Kind, Type, parse
from .common import (
    Failure,
    UsageError,
    file_argument,
    given_behind,
    output_options,
    print_figures,
    read_file,
    type_options,
)
from .texts import fitting

if TYPE_CHECKING:
    from .._core import Map, Set

HELP = "make a saved map of a file's entries"
DESCRIPTION = (
    "Reads the entries of a file, makes a Map of them, and saves it. The first column has the keys, the others have "
    "the values. Several columns of values make a struct. Without a column of values it makes a Set. Types that are "
    "not given are the narrowest that hold all entries, as gomap advise finds them. The saved map is whole or not "
    "there: what was in FILE before stays until everything is written."
)


def options(parser: argparse.ArgumentParser) -> None:
    file_argument(parser, "rows to read at most", metavar="DATA", what="the entries")
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, required=True, help="the saved map to write")
    type_options(
        parser, "value type (likewise)", "key type, as Go spells it (default: the narrowest that holds all keys)"
    )
    parser.add_argument(
        "--compact",
        action=argparse.BooleanOptionalAction,
        help="leave no free room for more entries in the saved map (default: --compact)",
    )
    output_options(parser)


def run(options: argparse.Namespace) -> int:
    given = given_behind("build", options)
    path: Path = given["output"]
    if why_not := unwritable(path, replaced=True):
        raise UsageError(f"-o/--output: {why_not}")
    if path.exists() and given["file"].exists() and path.samefile(given["file"]):
        raise UsageError(f"-o/--output: expected another file than the one that is read, got {str(path)!r}")
    for role in ("key", "value"):
        if role in given and given[role].kind is Kind.OBJECT:
            raise UsageError(f"--{role}: objects cannot be saved: expected any other type, got {given[role]}")
    clock = _Clock(Progress(sys.stderr, quiet="quiet" in given))
    try:
        figures = _built(given, path, clock)
    finally:
        clock.progress.clear()
    print_figures(figures, lambda: _lines(figures), given)
    return 0


class _Clock:
    """Takes the time of each step, and shows which one it is."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.seconds: dict[str, float] = {}

    def took(self, step: str, work: Callable[[], Any]) -> Any:
        self.progress.update(f"gomap: {step}")
        started = time.perf_counter()
        made = work()
        self.seconds[step] = time.perf_counter() - started
        self.progress.clear()
        return made


def _built(given: dict[str, Any], path: Path, clock: _Clock) -> dict[str, Any]:
    from ..files import info

    where = str(given["file"])
    entries: dict[Any, Any] | set[Any] = clock.took("reading", lambda: read_file(given))
    if isinstance(entries, set) and "value" in given:
        raise UsageError(f"--value: expected a column of values for {given['value']}, and {where} gives none")
    key, value, held = clock.took("finding the types", lambda: _types(entries, given, where))
    made = clock.took("building", lambda: _map(entries, key, value, where, given.get("compact", True)))
    try:
        clock.took("saving", lambda: made.save(path))
        saved = info(os.fspath(path))
    except OSError as error:
        raise Failure(f"cannot write {path}: {reason(error)}") from None
    return {
        "file": str(path),
        "key": saved.key_type.name,
        "value": None if value is None else saved.value_type.name,
        "entries": saved.entries,
        "nbytes": saved.nbytes,
        "bytes_per_entry": saved.bytes_per_entry,
        name_of(type(entries)): held,
        f"{name_of(type(entries))}_per_entry": held / len(entries),
        "checksum": saved.checksum,
        "seconds": clock.seconds,
    }


def _types(entries: Any, given: dict[str, Any], where: str) -> tuple[Type, Type | None, int]:
    """The key type, the value type, None for a set, and the bytes of the entries as they were read.

    :raises UsageError: what is in the file can only be objects
    """
    is_set = isinstance(entries, set)
    if "key" in given and (is_set or "value" in given):
        from ..sizes import sizeof

        return given["key"], None if is_set else given["value"], sizeof(entries)
    from ..measure.advice import advise

    advice = advise(entries)
    found: dict[str, Type | None] = {}
    for role, advised in (("key", advice.key), ("value", advice.value)):
        found[role] = given.get(role) or (None if advised is None else parse(advised, role))
        if (of_role := found[role]) is not None and of_role.kind is Kind.OBJECT:
            why = next((each for each in advice.reasons if each.startswith(f"{role}s: ")), f"{role}s: of any kind")
            raise UsageError(
                f"{where}: objects cannot be saved, and there is no other type for the {why}; --{role} TYPE gives one "
                "that fits them all, if you know it"
            )
    assert found["key"] is not None
    return found["key"], found["value"], advice.holds


def _map(entries: Any, key: Type, value: Type | None, where: str, compact: bool) -> Map[Any, Any] | Set[Any]:
    """
    :raises UsageError: an entry is not of the types, or two have the same key as the key type has it
    """
    from .._core import Map, Set

    made: Map[Any, Any] | Set[Any]
    try:
        if value is None:
            made = Set(key, _fitted("key", key, entries), capacity=len(entries))
        else:
            keys, values = _fitted("key", key, entries.keys()), _fitted("value", value, entries.values())
            made = Map(key, value, zip(keys, values, strict=True), capacity=len(entries))
    except (TypeError, ValueError, OverflowError) as error:
        raise UsageError(f"{where}: {' '.join(str(error).split())}") from None
    except ImportError as error:
        raise Failure(f"{where}: {error}") from None
    if len(made) != len(entries):
        raise UsageError(
            f"{where}: expected keys that stay different as {key}, got {len(entries):,} that become {len(made):,}"
        )
    if compact:
        made.compact()
    return made


def _fitted(role: str, type: Type, things: Collection[Any]) -> Iterable[Any]:
    """Keys or values as a type takes them."""
    convert = fitting(type, next(iter(things)))
    return things if convert is None else _converted(role, convert, things)


def _converted(role: str, convert: Callable[[Any], Any], things: Iterable[Any]) -> Iterator[Any]:
    try:
        yield from map(convert, things)
    except ValueError as error:
        raise ValueError(f"{role}: {error}") from None


# ---- figures ----------------------------------------------------------------------------------------


def _lines(figures: dict[str, Any]) -> list[Line]:
    value = "" if figures["value"] is None else f', "{figures["value"]}"'
    kind = "Set" if figures["value"] is None else "Map"
    other = "set" if "set" in figures else "dict"
    rows = [
        ("", "bytes", "an entry"),
        ("saved", f"{figures['nbytes']:,}", f"{figures['bytes_per_entry']:,.1f}"),
        (f"as a {other}", f"{figures[other]:,}", f"{figures[other + '_per_entry']:,.1f}"),
    ]
    steps = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in figures["seconds"].items())
    head = f'{printable(figures["file"])}: {kind}("{figures["key"]}"{value}), {entries_of(figures["entries"])}'
    width = terminal_width()
    return [
        *wrapped(head, width, "title"),
        ("text", ""),
        *(("text", line) for line in aligned(rows)),
        ("text", ""),
        *wrapped(steps, width),
    ]

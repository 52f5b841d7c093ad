"""``gomap get``: values of a saved map."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from .._words import reason, shown
from ..types import Kind, Type
from .common import (
    Failure,
    UsageError,
    complain,
    given_behind,
    opening_saved,
    output_options,
    print_figures,
    saved_argument,
    standard_output,
)
from .texts import json_of, read, text_of

HELP = "look up keys in a saved map"
DESCRIPTION = (
    "Prints the value of each key, one a line. Of a saved set it prints the keys that are in it. A key is written as "
    "the file's key type wants it: a number, a text, a date such as 2024-07-01, a UUID, bytes as 0x and hexadecimal "
    "digits or as text, a struct as its fields with commas between them. The exit code is 0 when every key is there, 1 "
    "when one is not, and 2 when something is wrong."
)

_MISSING = object()


def options(parser: argparse.ArgumentParser) -> None:
    saved_argument(parser)
    parser.add_argument(
        "keys",
        metavar="KEY",
        nargs="+",
        help="a key; - reads keys from standard input, one a line. Write -- before keys that begin with -",
    )
    output_options(parser, "do not say which keys are not there")


def run(options: argparse.Namespace) -> int:
    given = given_behind("get", options)
    path = os.fspath(given["saved"])
    try:
        with opening_saved(path):
            return _looked_up(path, given)
    except Failure as error:  # 1 says that a key is not there, and nothing else
        raise UsageError(str(error)) from None


def _looked_up(path: str, given: dict[str, Any]) -> int:
    from .._core import Map, Set
    from ..files import info

    described = info(path)
    key, value = described.key_type, described.value_type
    is_set = value.kind is Kind.NOTHING
    saved: Any = Set.open(path) if described.saved_by == "Set" else Map.open(path)
    missing = 0

    def found() -> Iterator[tuple[Any, bool, Any]]:
        """Each key, whether it is there, and its value."""
        nonlocal missing
        for each in _keys(given["keys"], key):
            its = saved.get(each, _MISSING) if not is_set else None if each in saved else _MISSING
            if its is _MISSING:
                missing += 1
                if "quiet" not in given:
                    complain(f"not found: {shown(text_of(key, each))}")
            yield each, its is not _MISSING, its

    if "json" in given:
        entries = [_as_json(key, value, is_set, *each) for each in found()]
        figures = {"file": path, "key": key.name, "value": value.name, "missing": missing, "found": entries}
        print_figures(figures, list, given)
    else:
        with standard_output() as stream:
            for each, there, its in found():
                if there:
                    print(text_of(key, each) if is_set else text_of(value, its), file=stream)
    return 1 if missing else 0


def _as_json(key: Type, value: Type, is_set: bool, each: Any, there: bool, its: Any) -> dict[str, Any]:
    entry = {"key": json_of(key, each), "there": there}
    return entry if is_set or not there else {**entry, "value": json_of(value, its)}


def _keys(texts: Sequence[str], type: Type) -> Iterator[Any]:
    """The keys that the arguments say, those on standard input among them.

    :raises UsageError: one is no key of this type
    :raises Failure: standard input cannot be read
    """
    for text in texts:
        if text != "-":
            yield _key(text, type, "key")
            continue
        if sys.stdin is None:
            raise Failure("cannot read standard input: it is closed")
        try:
            for number, line in enumerate(sys.stdin.buffer, 1):
                where = f"standard input, line {number:,}"
                try:
                    decoded = line.removesuffix(b"\n").removesuffix(b"\r").decode()
                except UnicodeDecodeError:
                    raise UsageError(f"{where}: expected text in UTF-8, got {shown(line)}") from None
                yield _key(decoded, type, where)
        except OSError as error:
            raise Failure(f"cannot read standard input: {reason(error)}") from None


def _key(text: str, type: Type, where: str) -> Any:
    try:
        return read(type, text)
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from None

"""``gomap compare``: what the same entries cost in a dict, in gomap's maps and in other libraries' maps."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import Any

from .._display import terminal_width
from .common import (
    Failure,
    UsageError,
    file_options,
    given_behind,
    measured,
    output_options,
    print_figures,
    read_file,
    type_options,
)

HELP = "dict, Map, GoMap and other libraries' maps side by side: bytes and time"
DESCRIPTION = (
    "Fills a dict, a Map and a GoMap with the same entries, each in a process of its own, looks all keys up "
    "and removes them again: the bytes held at each step and the time an entry takes. Entries are random "
    "numbers of the types given, or a file's: .csv, .parquet (by pyarrow) or .npy (by NumPy), the first "
    "column the keys and the others the values."
)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", nargs="?", default=None, metavar="FILE", type=Path, help="a sample of entries"
    )
    file_options(parser, "entries to add (default 1M); of a file, to read at most")
    type_options(
        parser,
        "value type (default [128]byte; likewise)",
        "key type, as Go spells it (default int; of a file, the narrowest that fits)",
    )
    parser.add_argument(
        "--peer",
        action="append",
        metavar="NAME",
        dest="peers",
        help="another library's map, such as borghash or BTrees, or module:callable; may be given again",
    )
    output_options(parser)
    parser.add_argument("--csv", action="store_true", help="print the figures as CSV, in bytes and ns")
    parser.add_argument("--html", metavar="FILE", type=Path, help="also write a page with plots")


def run(options: argparse.Namespace) -> int:
    from ..comparison import check_peer, compare

    given = given_behind("compare", options)
    path: Path | None = given.get("file")
    if "csv" in given and "json" in given:
        raise UsageError("expected either --json or --csv, got both")
    names = ["key", "value", "peers"]
    if path is None:
        for column in ("key_column", "value_columns"):
            if column in given:
                raise UsageError(
                    f"--{column.replace('_', '-')} is for a file's columns, and no file is given"
                )
        names.append("n")
    # What would fail at the end is better known before.
    if "html" in given and (given["html"].is_dir() or not given["html"].absolute().parent.is_dir()):
        raise UsageError(f"--html: expected a file in a directory that is there, got {str(given['html'])!r}")
    try:
        for name in given.get("peers", ()):
            check_peer(name)
    except ValueError as error:
        raise UsageError(str(error)) from None
    live = None if path is None else read_file(given)

    def measure(**arguments: Any) -> Any:
        found = compare(live, **arguments)
        return found if path is None else dataclasses.replace(found, source=path.name)

    comparison, given = measured(measure, names, options)
    if "html" in given:
        try:
            given["html"].write_text(comparison.to_html(), encoding="utf-8")
        except OSError as error:
            raise Failure(f"cannot write {given['html']}: {error.strerror or error}") from None
    if "csv" in given:
        print(comparison.to_csv(), end="", flush=True)
        for name, why in comparison.left_out:
            print(f"gomap: {name} was left out: {why}", file=sys.stderr)
    else:
        print_figures(comparison, lambda: comparison.lines(terminal_width()), given)
    return 0

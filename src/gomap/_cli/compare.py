"""``gomap compare``: what the same entries cost in a dict, in gomap's maps and in other libraries' maps."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from .._display import terminal_width
from .._words import reason
from ..measure.table_files import unwritable
from .common import (
    FILE_OPTIONS,
    Failure,
    UsageError,
    complain,
    file_argument,
    given_behind,
    measured,
    output_options,
    print_figures,
    print_text,
    read_file,
    saved,
    type_options,
)

HELP = "dict, Map, GoMap, SwissMap and other libraries' maps side by side: bytes and time"
DESCRIPTION = (
    "Fills a dict, a Map, a GoMap and a SwissMap with the same entries, each in a process of its own. Then it looks up "
    "all keys, and removes them. Shows the bytes held at each step, and the time for each entry. The entries are "
    "random numbers of the types given, or those of a file: CSV, TSV, Parquet (with pyarrow), .npy (with NumPy) or "
    "JSON. The first column has the keys, the others have the values."
)


def options(parser: argparse.ArgumentParser) -> None:
    file_argument(parser, "entries to add (default 1M); of a file, to read at most", optional=True)
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
    from ..measure.comparison import check_peer, compare, compare_entries

    given = given_behind("compare", options)
    path: Path | None = given["file"]
    if "csv" in given and "json" in given:
        raise UsageError("expected either --json or --csv, got both")
    for option in FILE_OPTIONS:
        if path is None and option in given:
            raise UsageError(f"--{option.replace('_', '-')} is for a file's columns, and no file is given")
    # What would fail at the end is better known before.
    if "html" in given and (why_not := unwritable(given["html"])):
        raise UsageError(f"--html: {why_not}")
    try:
        for name in given.get("peers", ()):
            check_peer(name)
        if path is None:
            comparison, given = measured(compare, ["key", "value", "peers", "n"], options)
        else:
            of_file = partial(compare_entries, path.name, read_file(given))
            comparison, given = measured(of_file, ["key", "value", "peers"], options)
    except OSError as error:
        raise Failure(f"cannot write the entries for other processes: {reason(error)}") from None
    except ValueError as error:
        raise UsageError(str(error)) from None
    failure: Failure | None = None
    if "html" in given:
        page = comparison.to_html()
        failure = saved(given["html"], lambda: given["html"].write_text(page, encoding="utf-8"))
    if "csv" in given:
        print_text(comparison.to_csv())
        for name, why in comparison.left_out:
            complain(f"{name} was left out: {why}")
    else:
        print_figures(comparison, lambda: comparison.lines(terminal_width()), given)
    if failure is not None:
        raise failure
    return 0

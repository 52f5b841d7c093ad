"""``gomap bench``: what one operation takes on this machine, by pyperf."""

from __future__ import annotations

import argparse

from .._display import terminal_width
from .._words import reason
from .common import (
    Failure,
    entries_option,
    given_behind,
    measured,
    output_options,
    print_figures,
    read_names,
    type_options,
)

HELP = "time single operations of dict, Map, GoMap, set and Set, with pyperf"
DESCRIPTION = (
    "Times one operation at a time with pyperf, each in processes of its own. Shows nanoseconds for one operation, and "
    "their ratio to those of dict or set."
)


def options(parser: argparse.ArgumentParser) -> None:
    entries_option(parser, "entries (default 1M)")
    type_options(parser, "value type (default int)")
    parser.add_argument(
        "--only", type=read_names, metavar="NAME,...", help="of the operations, such as hit,miss,delete"
    )
    parser.add_argument("--fast", action="store_true", help="rough figures in a third of the time")
    parser.add_argument("--output", metavar="FILE", help="pyperf's own JSON, for python -m pyperf compare_to")
    output_options(parser)


def run(options: argparse.Namespace) -> int:
    from ..measure.bench import lines, measure

    given = given_behind("bench", options)
    if "n" in given:
        given["entries"] = given["n"]
    try:
        found, given = measured(measure, ("entries", "key", "value", "only", "fast", "output"), options)
    except OSError as error:
        raise Failure(f"cannot write {given['output']}: {reason(error)}") from None
    print_figures(found, lambda: lines(found, terminal_width()), given)
    return 0

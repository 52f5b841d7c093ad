"""``gomap bench``: what one operation takes on this machine, by pyperf."""

from __future__ import annotations

import argparse

from .._display import terminal_width
from .common import Failure, UsageError, measured, output_options, print_figures, read_count, read_type

HELP = "micro-benchmarks of dict, Map, GoMap, set and Set on this machine, by pyperf"
DESCRIPTION = (
    "Times one operation at a time, each in processes of its own, with pyperf: nanoseconds an operation and "
    "the ratio to dict's or set's in the same round."
)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-n", "--entries", type=read_count, metavar="N", dest="n", help="entries (default 1M)"
    )
    parser.add_argument(
        "--key", type=read_type("key"), metavar="TYPE", help="key type, as Go spells it (default int)"
    )
    parser.add_argument("--value", type=read_type("value"), metavar="TYPE", help="value type (default int)")
    parser.add_argument(
        "--only", type=_names, metavar="NAME,...", help="of the operations, such as hit,miss,delete"
    )
    parser.add_argument("--fast", action="store_true", help="rough figures in a third of the time")
    parser.add_argument("--output", metavar="FILE", help="pyperf's own JSON, for python -m pyperf compare_to")
    output_options(parser)


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def run(options: argparse.Namespace) -> int:
    from ..bench import lines, measure

    given = vars(options)
    if "entries" in given:
        raise UsageError("bench: expected -n behind the command")
    if "n" in given:
        given["entries"] = given["n"]
    try:
        found, given = measured(measure, ("entries", "key", "value", "only", "fast", "output"), options)
    except OSError as error:
        raise Failure(f"cannot write {given['output']}: {error.strerror or error}") from None
    print_figures(found, lambda: lines(found, terminal_width()), given)
    return 0

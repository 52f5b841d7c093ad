"""``gomap advise``: what the entries of a file would be as a gomap map."""

from __future__ import annotations

import argparse

from .common import file_argument, given_behind, output_options, print_figures, read_file

HELP = "find the types and the size of a Map for the entries of a file"
DESCRIPTION = (
    "Reads the entries of a file into a dict, and finds the narrowest types that hold them. Shows what the dict holds, "
    "what a Map would hold, and the line of code that makes the Map. In a program, gomap.advise(d) does the same for a "
    "live dict."
)


def options(parser: argparse.ArgumentParser) -> None:
    file_argument(parser, "entries to read at most")
    output_options(parser)


def run(options: argparse.Namespace) -> int:
    from ..measure.advice import advise

    given = given_behind("advise", options)
    advice = advise(read_file(given))
    print_figures(advice, lambda: [("text", line) for line in str(advice).splitlines()], given)
    return 0

"""``gomap advise``: what the entries of a file would be as a gomap map."""

from __future__ import annotations

import argparse
from pathlib import Path

from .common import file_options, given_behind, output_options, print_figures, read_file

HELP = "find the types and the size of a Map for the entries of a file"
DESCRIPTION = (
    "Reads the entries of a file into a dict, and finds the narrowest types that hold them. Shows what the dict holds, "
    "what a Map would hold, and the line of code that makes the Map. In a program, gomap.advise(d) does the same for a "
    "live dict."
)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="entries: .csv, .tsv, .parquet or .npy")
    file_options(parser)
    output_options(parser)


def run(options: argparse.Namespace) -> int:
    from ..measure.advice import advise

    given = given_behind("advise", options)
    advice = advise(read_file(given, named=True))
    print_figures(advice, lambda: [("text", line) for line in str(advice).splitlines()], given)
    return 0

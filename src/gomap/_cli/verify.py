"""``gomap verify``: whether a saved map is whole."""

from __future__ import annotations

import argparse
import os

from .._words import entries_of, printable
from .common import Failure, UsageError, given_behind, opening_saved, output_options, print_figures, saved_argument

HELP = "check all of a saved map"
DESCRIPTION = (
    "Checks all of a saved map: every checksum, and every entry's place. The exit code is 0 when it is good. When it "
    "is not, the exit code is 1, and a line on standard error says what is wrong."
)


def options(parser: argparse.ArgumentParser) -> None:
    saved_argument(parser)
    output_options(parser)


def run(options: argparse.Namespace) -> int:
    from ..files import verify

    given = given_behind("verify", options)
    path = os.fspath(given["saved"])
    try:
        with opening_saved(path):
            found = verify(path)
    except UsageError as error:  # what is wrong with the file is the answer
        raise Failure(str(error)) from None
    figures = {"file": path, "good": True, "entries": found.entries, "nbytes": found.nbytes, "checksum": found.checksum}
    text = f"{printable(path)}: good, {entries_of(found.entries)} in {found.nbytes:,} bytes checked"
    print_figures(figures, lambda: [("text", text)], given)
    return 0

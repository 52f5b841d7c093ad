"""``gomap info``: what a saved map says of itself."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict
from typing import Any

from .common import given_behind, opening_saved, output_options, print_figures, saved_argument

HELP = "show the types, entries, bytes and checksums of a saved map"
DESCRIPTION = (
    "Shows what a saved map says of itself: the class that saved it, its types, its entries, its bytes, the version "
    "of the format, and its sections with their checksums. It reads and checks the head of the file alone: "
    "gomap verify checks everything."
)


def options(parser: argparse.ArgumentParser) -> None:
    saved_argument(parser)
    output_options(parser)


def run(options: argparse.Namespace) -> int:
    from ..files import info

    given = given_behind("info", options)
    path = os.fspath(given["saved"])
    with opening_saved(path):
        found = info(path)
    figures: dict[str, Any] = {
        "file": path,
        "saved_by": found.saved_by,
        "key": found.key_type.name,
        "value": found.value_type.name,
        "entries": found.entries,
        "nbytes": found.nbytes,
        "bytes_per_entry": found.bytes_per_entry,
        "version": found.version,
        "checksum": found.checksum,
        "sections": [asdict(each) for each in found.sections],
    }
    print_figures(figures, lambda: [("text", line) for line in str(found).splitlines()], given)
    return 0

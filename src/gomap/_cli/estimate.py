"""``gomap estimate``: the bytes of maps that are not built."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from .common import (
    UsageError,
    entries_option,
    given_behind,
    output_options,
    print_figures,
    read_bytes,
    type_options,
)

HELP = "predict the memory of maps without building them"
DESCRIPTION = (
    "Predicts the bytes of a Map, a GoMap, a SwissMap and a dict with so many entries, and the most that they hold "
    "while they grow, without building them."
)


def options(parser: argparse.ArgumentParser) -> None:
    entries_option(parser, "entries (default 1M)")
    type_options(parser, "value type (default [128]byte)")
    parser.add_argument(
        "--key-bytes", type=read_bytes, metavar="N", help="mean length of keys that are strings or objects"
    )
    parser.add_argument("--value-bytes", type=read_bytes, metavar="N", help="likewise of values")
    output_options(parser)


def run(options: argparse.Namespace) -> int:
    from ..measure.estimates import estimate

    given = given_behind("estimate", options)
    lengths = {name: given[name] for name in ("key_bytes", "value_bytes") if name in given}
    try:
        figures = estimate(given.get("key", int), given.get("value", "[128]byte"), given.get("n", 1_000_000), **lengths)
    except (ValueError, TypeError) as error:
        raise UsageError(str(error)) from None
    # "gomap" is the version, in what every command prints.
    named = {
        name.replace("gomap", "go_map").replace("swissmap", "swiss_map"): value
        for name, value in asdict(figures).items()
    }
    print_figures(named, lambda: [("text", line) for line in str(figures).splitlines()], given)
    return 0

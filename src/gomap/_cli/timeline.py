"""``gomap timeline``: Black Friday, maps through a day of customers that come and go."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._display import Line, Table, Unit, terminal_width, wrapped
from .common import (
    UsageError,
    heading,
    measured,
    print_figures,
    read_count,
    read_path,
    saved,
    scenario_options,
)

if TYPE_CHECKING:
    from ..measure.black_friday import BlackFriday, Sample

HELP = "Black Friday: the memory of maps on a day when customers come and go"
DESCRIPTION = (
    "Customers arrive for an hour, and leave for the rest of the day. Each has an entry in a Map, in a Cache, in a "
    "SwissMap, in a GoMap, in a GoMap that is copied to a new one every two hours, and in a dict. When a customer "
    "leaves, the entry is deleted, but not from the Cache: there it expires an hour after the customer last used it. "
    "Shows the memory that each of them holds, as a table and as a picture."
)


def options(parser: argparse.ArgumentParser) -> None:
    scenario_options(parser, "--customers", "customers at the rush", "value type")
    parser.add_argument("--remaining", type=read_count, metavar="N", help="customers left at midnight (default 1000)")
    parser.add_argument(
        "--plot",
        type=read_path,
        metavar="FILE",
        help='also draw a picture, .png or .svg, by matplotlib (pip install "gomap[plot]")',
    )


def run(options: argparse.Namespace) -> int:
    from ..measure.black_friday import measure
    from ..measure.plot import has_blocks, in_file

    if "entries" in vars(options):
        raise UsageError("timeline counts customers: expected -n behind the command, or --customers")
    timeline, given = measured(measure, ("customers", "remaining", "key", "value"), options)
    failure = None
    if "plot" in given:
        failure = saved(given["plot"], lambda: in_file(timeline, given["plot"]))
    print_figures(timeline, lambda: _lines(timeline, terminal_width(), has_blocks(sys.stdout)), given)
    if failure is not None:
        raise failure
    return 0


def _lines(timeline: BlackFriday, width: int, blocks: bool) -> list[Line]:
    from ..measure.plot import in_text

    unit = Unit.for_counts([course.peak for course in timeline.courses])
    title = heading(f"{timeline.customers:,} customers come and go, {timeline.key} to {timeline.value}", unit)
    return [
        *wrapped(title, width, "title"),
        ("text", ""),
        *_table(timeline, unit).lines(width),
        ("text", ""),
        *in_text(timeline, width, blocks=blocks),
    ]


def _table(timeline: BlackFriday, unit: Unit) -> Table:
    courses = timeline.courses
    copied = next(place for place, course in enumerate(courses) if course.samples[-1].recreated is not None)

    def figures(samples: Sequence[Sample]) -> list[str]:
        counts = [*(sample.counted for sample in samples[:-1]), copying(samples[copied]), samples[-1].counted]
        return [f"{samples[0].customers:,}", *map(unit.figure, counts)]

    def copying(sample: Sample) -> int | None:
        return None if sample.recreated is None else sample.recreated.both

    table = Table(
        ("time", "customers", "Map", "Cache", "SwissMap", "GoMap", "GoMap", "both", "dict"),
        ("", "", "", "", "", "", "re-created", "alive", ""),
    )
    table.section("bytes counted")
    moments = {samples[0].minute: samples for samples in zip(*(c.samples for c in courses), strict=True)}
    for minute, samples in moments.items():
        if minute in (30, 60) or minute % timeline.recreated_every == 0:
            table.row(_clock(minute), figures(samples), key=samples[0].minute == max(moments))
    peaks = [course.peak for course in courses]
    both = max(copying(sample) or 0 for sample in courses[copied].samples)
    table.row("highest", ["", *map(unit.figure, (*peaks[:-1], both, peaks[-1]))])
    table.section("resident memory")
    for minute in (60, max(moments)):
        held = [sample.resident for sample in moments[minute]]
        table.row(_clock(minute), ["", *map(unit.figure, held[:-1]), "", unit.figure(held[-1])])
    return table


def _clock(minute: int) -> str:
    return f"{minute // 60:2}:{minute % 60:02}"

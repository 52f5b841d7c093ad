"""``gomap fill``, the command when none is given: a map filled, emptied and copied, step by step."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .._display import Line, Table, Unit, human, terminal_width, wrapped
from .common import heading, measured, print_figures, scenario_options

if TYPE_CHECKING:
    from ..measure.fill_and_empty import FillAndEmpty, Measured

HELP = "fill maps, empty them, and show the memory held at each step (the default)"
DESCRIPTION = (
    "Adds entries to a Map, a GoMap, a SwissMap and a dict, removes them again, and shows the memory held at each "
    "step. Then it keeps a few of the entries and copies them to a new map. Go's maps need that to shrink. A Map does "
    "not."
)


def options(parser: argparse.ArgumentParser) -> None:
    scenario_options(
        parser, "--entries", "entries to add", "value type; GoMap also has it behind a pointer, unless it is one"
    )


def run(options: argparse.Namespace) -> int:
    from ..measure.fill_and_empty import measure

    found, given = measured(measure, ("entries", "key", "value"), options)
    print_figures(found, lambda: _lines(found, terminal_width()), given)
    return 0


def _lines(found: FillAndEmpty, width: int) -> list[Line]:
    measured = found.subjects
    counts = [count for m in measured for count in (m.fill.peak, *(cure.both or 0 for cure in m.cures))]
    unit = Unit.for_counts(counts)
    title = heading(f"{found.entries:,} entries added and removed one by one", unit)
    return [
        *wrapped(title, width, "title"),
        ("text", ""),
        *_table(measured, unit).lines(width),
        *(line for text in _findings(measured) for line in [("text", ""), *wrapped(text, width)]),
    ]


def _table(measured: Sequence[Measured], unit: Unit) -> Table:
    def each(figure: Callable[[Measured], int | None]) -> list[str]:
        return [unit.figure(figure(m)) for m in measured]

    def plain(figure: Callable[[Measured], int | None]) -> list[str]:
        return ["-" if (count := figure(m)) is None else f"{count:,}" for m in measured]

    table = Table(
        ("", *(m.subject.engine for m in measured)),
        ("key", *(m.subject.key for m in measured)),
        ("value", *(m.subject.value or "" for m in measured)),
    )
    table.section("bytes counted")
    table.row("empty", each(lambda m: m.fill.empty.counted))
    table.row("all added", each(lambda m: m.fill.full.counted))
    table.row("peak while adding", each(lambda m: m.fill.peak))
    table.row("all removed", each(lambda m: m.fill.removed.counted), key=True)
    table.section("resident memory")
    table.row("empty", each(lambda m: m.fill.empty.resident))
    table.row("all added", each(lambda m: m.fill.full.resident))
    table.row("peak while adding", each(lambda m: m.fill.resident_peak))
    table.row("all removed", each(lambda m: m.fill.removed.resident), key=True)
    table.section("B")
    table.row("all added", plain(lambda m: m.fill.full.B))
    table.row("all removed", plain(lambda m: m.fill.removed.B))
    table.section("overflow buckets")
    table.row("all added", plain(lambda m: m.fill.full.overflow))
    table.row("all removed", plain(lambda m: m.fill.removed.overflow))
    for cures in zip(*(m.cures for m in measured), strict=True):
        table.section(f"{cures[0].kept:,} kept and copied to a new map")
        table.row("old map", [unit.figure(cure.before) for cure in cures])
        table.row("both alive", [unit.figure(cure.both) for cure in cures])
        table.row("then", [unit.figure(cure.after) for cure in cures], key=True)
        table.row("then resident", [unit.figure(cure.resident_after) for cure in cures])
    return table


def _findings(measured: Sequence[Measured]) -> list[str]:
    """What the figures say, in a sentence or two."""

    def left(m: Measured) -> str:
        removed, full = m.fill.removed.counted, m.fill.full.counted
        percent = 100 * removed / full
        share = "all" if removed == full else f"{percent:.0f} %" if percent >= 0.5 else "next to nothing"
        return f"{m.subject.name} {human(removed)} ({share} of what it held full)"

    *others, last = map(left, measured)
    texts = [f"With every entry removed, memory still held: {', '.join(others)} and {last}."]
    stays, copied = measured[0], measured[1]
    few, many = copied.cures[0], copied.cures[-1]
    kept = f"the {few.kept:,} entries" if few.kept > 1 else "the one entry"
    if few.after < few.before:
        effect = f"brings {copied.subject.name} from {human(few.before)} down to {human(few.after)}"
    else:
        effect = f"leaves {copied.subject.name} at {human(few.after)}"
    assert many.both is not None
    texts.append(
        f"Copying {kept} kept to a new map {effect}; "
        f"copying {many.kept:,} took {human(many.both)} with both maps alive. "
        f"{stays.subject.name} had come down to {human(stays.cures[0].after)} and "
        f"{human(stays.cures[-1].after)} by itself."
    )
    return texts

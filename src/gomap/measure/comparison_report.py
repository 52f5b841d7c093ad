"""What a comparison found, and how it shows: as a table, as a page with plots, as CSV."""

from __future__ import annotations

import csv
import datetime
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from .._display import Line, Table, Unit, html_table, human, wrapped
from .._version import __version__
from .._words import entries_of
from . import machine, svg
from .runs import Held


@dataclass(frozen=True)
class Measured:
    """One kind of map."""

    name: str
    key: str  #: the types as it has them
    value: str | None
    full: Held  #: all entries added
    peak: Held  #: the most while they were added
    removed: Held  #: all removed again
    add_ns: float  #: nanoseconds an entry
    find_ns: float
    absent_ns: float | None
    remove_ns: float
    #: entries and resident bytes, at moments while all are added and removed
    course: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Comparison:
    """The figures of every kind of map, the one to compare with first."""

    source: str  #: where the entries are from
    entries: int
    key: str  #: the types of gomap's maps
    value: str | None  #: None for sets
    subjects: tuple[Measured, ...]
    left_out: tuple[tuple[str, str], ...]  #: what was to be measured and was not, and why
    remarks: tuple[str, ...]

    def lines(self, width: int) -> list[Line]:
        """A table and what it says, for a terminal so many columns wide."""
        unit = _unit(self)
        return [
            *wrapped(_title(self, unit), width, "title"),
            ("text", ""),
            *_table(self, unit).lines(width),
            *(line for text in [*_findings(self), *_notes(self)] for line in [("text", ""), *wrapped(text, width)]),
        ]

    def to_html(self) -> str:
        """A page of its own, with plots, that needs no network."""
        unit = _unit(self)
        title = _title(self, unit)
        parts = [f"<p>{escape(text)}</p>" for text in _findings(self)]
        parts += [f'<h2>{escape(name)}</h2>\n<div class="wide">{picture}</div>' for name, picture in _plots(self)]
        parts.append(f'<h2>All figures</h2>\n<div class="wide">{_html_table(self, unit)}</div>')
        parts += [f"<p>{escape(text)}</p>" for text in _notes(self)]
        facts = (
            f"gomap {__version__}, {machine.described()}, {datetime.date.today().isoformat()}. Bytes counted: as "
            "the allocator gave them, keys and values included. Resident memory: what the process grew by. "
            "Times: a for loop in Python, the processor's time; the objects are made before."
        )
        body = "\n".join(parts)
        return (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            "<title>gomap compare</title>\n"
            f"<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n{body}\n"
            f"<footer>{escape(facts)}</footer>\n</body>\n</html>\n"
        )

    def to_csv(self) -> str:
        """A line for each kind of map; bytes and nanoseconds."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        moments, kinds = ("full", "peak", "removed"), ("counted", "resident")
        times = ("add_ns", "find_ns", "absent_ns", "remove_ns")
        names = [f"{moment}_{kind}" for moment in moments for kind in kinds]
        writer.writerow(["name", "key", "value", "entries", *names, *times])
        for m in self.subjects:
            held = [getattr(getattr(m, moment), kind) for moment in moments for kind in kinds]
            nanoseconds = [getattr(m, name) for name in times]
            writer.writerow(
                [m.name, m.key, m.value, self.entries, *held]
                + [None if ns is None else round(ns, 1) for ns in nanoseconds]
            )
        return out.getvalue()

    def __str__(self) -> str:
        return "\n".join(text for _, text in self.lines(100))

    def _repr_html_(self) -> str:
        unit = _unit(self)
        pictures = "\n".join(f"<h4>{escape(title)}</h4>{picture}" for title, picture in _plots(self)[:2])
        texts = "".join(f"<p>{escape(text)}</p>" for text in [*_findings(self), *_notes(self)])
        return f"<p><b>{escape(_title(self, unit))}</b></p>{_html_table(self, unit)}{texts}{pictures}"


# ---- as a table -------------------------------------------------------------------------------------

Figure = Callable[[Measured], float | None]

_HELD: tuple[tuple[str, Callable[[Held], int | None]], ...] = (
    ("bytes counted", lambda held: held.counted),
    ("resident memory", lambda held: held.resident),
)
_TIMES: tuple[tuple[str, Figure], ...] = (
    ("add", lambda m: m.add_ns),
    ("look up", lambda m: m.find_ns),
    ("look up absent", lambda m: m.absent_ns),
    ("remove", lambda m: m.remove_ns),
)


def _unit(comparison: Comparison) -> Unit:
    held = [held for m in comparison.subjects for held in (m.full, m.peak, m.removed)]
    return Unit.for_counts([count for each in held for count in (each.counted, each.resident) if count])


def _title(comparison: Comparison, unit: Unit) -> str:
    what = comparison.key if comparison.value is None else f"{comparison.key} to {comparison.value}"
    many = entries_of(comparison.entries)
    return f"{many} of {comparison.source}, {what}: {unit.name} held and nanoseconds an entry"


def _figure(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:,.1f}" if figure < 99.95 else f"{figure:,.0f}"


def _short(name: str) -> str:
    """A type's name; of a struct, which the title spells out, that it is one."""
    return "struct{...}" if name.startswith("struct{") and len(name) > 12 else name


def _table(comparison: Comparison, unit: Unit) -> Table:
    subjects, count = comparison.subjects, comparison.entries

    def each(figure: Figure) -> list[str]:
        return [_figure(figure(m)) for m in subjects]

    head = [("", *(m.name for m in subjects)), ("key", *(_short(m.key) for m in subjects))]
    if comparison.value is not None:
        head.append(("value", *(_short(m.value or "") for m in subjects)))
    table = Table(*head)
    for name, of in _HELD:
        if all(of(m.full) is None for m in subjects):
            continue
        table.section(name)
        full = [of(m.full) for m in subjects]
        table.row("all added", [unit.figure(held) for held in full], key=True)
        table.row("bytes an entry", [_figure(None if held is None else held / count) for held in full])
        table.row("peak while adding", [unit.figure(of(m.peak)) for m in subjects])
        table.row("all removed", [unit.figure(of(m.removed)) for m in subjects])
    table.section("nanoseconds an entry")
    for name, figure in _TIMES:
        if any(figure(m) is not None for m in subjects):
            table.row(name, each(figure))
    return table


def _findings(comparison: Comparison) -> list[str]:
    """What the figures say, in a sentence or two."""
    if len(comparison.subjects) < 2:
        return []
    first, ours = comparison.subjects[:2]
    texts = []
    a, b = first.full.counted, ours.full.counted
    if a and b:
        percent = f"{100 * abs(1 - b / a):.0f} %"
        change = f"{percent} less than" if b < a else "as much as" if b == a else f"{percent} more than"
        left = [human(m.removed.counted or 0) for m in (ours, first)]
        texts.append(
            f"{ours.name} holds {human(b)}, {change} the {first.name}'s {human(a)}; with every entry removed "
            f"{left[0]}, and the {first.name} {left[1]}."
        )
    pairs = [(name, figure(ours), figure(first)) for name, figure in _TIMES]
    shares = [f"{name} {ns / of:.2f}" for name, ns, of in pairs if ns is not None and of]
    texts.append(f"{ours.name}'s time as a share of {first.name}'s: {', '.join(shares)}.")
    return texts


def _notes(comparison: Comparison) -> list[str]:
    left = [f"{name} was left out: {why}." for name, why in comparison.left_out]
    return [*comparison.remarks, *left]


# ---- HTML -------------------------------------------------------------------------------------------

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.35rem; } h2 { font-size: 1.05rem; margin-top: 2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.15rem 0.8rem 0.15rem 0; } thead th { border-bottom: 1px solid; }
.wide { overflow-x: auto; } svg { max-width: 100%; height: auto; font-family: inherit; }
footer { margin-top: 2rem; font-size: 0.85rem; opacity: 0.75; }
"""


def _plots(comparison: Comparison) -> list[tuple[str, str]]:
    """Names and pictures."""
    subjects, count = comparison.subjects, comparison.entries
    names = [m.name for m in subjects]

    def of_an_entry(held: int | None) -> float | None:
        return None if held is None else held / count

    def held(moment: Callable[[Measured], Held]) -> list[tuple[str, list[float | None]]]:
        series = [(name, [of_an_entry(of(moment(m))) for m in subjects]) for name, of in _HELD]
        return [(name, figures) for name, figures in series if any(f is not None for f in figures)]

    plots = [
        ("Bytes an entry, all added", held(lambda m: m.full)),
        ("Bytes an entry added, when all are removed again", held(lambda m: m.removed)),
    ]
    pictures = [(title, svg.bars(title, names, series, lambda y: f"{y:,.1f}")) for title, series in plots if series]
    times = [(name, [figure(m) for m in subjects]) for name, figure in _TIMES]
    times = [(name, figures) for name, figures in times if any(f is not None for f in figures)]
    title = "Nanoseconds an entry"
    pictures.append((title, svg.bars(title, names, times, _figure)))
    courses = [(m.name, _course(m.course, count)) for m in subjects if len(m.course) > 2]
    if courses:
        title = "Resident memory while all are added, and removed again"
        ticks = [(0, "empty"), (0.5, f"{count:,} entries"), (1, "empty again")]
        picture = svg.courses(title, courses, _levels(max(y for _, points in courses for _, y in points)), ticks)
        pictures.insert(0, (title, picture))
    return pictures


def _levels(highest: float) -> list[tuple[float, str]]:
    """Round figures from 0 to the first that is no less than the highest, five steps at most."""
    unit = Unit.for_counts([int(highest)])
    top = highest / unit.bytes
    step = 10.0 ** math.floor(math.log10(top or 1))
    while top > 5 * step:
        step *= 2
    if top <= 2 * step:
        step /= 2
    return [(i * step * unit.bytes, f"{i * step:,g} {unit.name}") for i in range(math.ceil(top / step) + 1)]


def _course(course: Sequence[tuple[int, int]], count: int) -> list[tuple[float, float]]:
    """From 0 to 1: half of it while entries are added, half while they are removed."""
    most = max(range(len(course)), key=lambda i: course[i][0])
    return [
        (entries / count / 2 if i <= most else 1 - entries / count / 2, held)
        for i, (entries, held) in enumerate(course)
    ]


def _html_table(comparison: Comparison, unit: Unit) -> str:
    table = _table(comparison, unit)
    return html_table(table.head[0], [*table.head[1:], *(cells for _, cells in table.rows)])

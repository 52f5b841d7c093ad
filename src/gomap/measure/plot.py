"""A day as a picture: in the terminal, of characters; in a file, by matplotlib.

In the terminal every map has a panel of its own, all on one scale, so that no colour is needed to tell
them apart, and a map's panel is filled up to the most it held in the time of a column.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from .._display import Line, Unit, human, wrapped
from .._libraries import library
from .black_friday import BlackFriday, Course
from .table_files import unwritable

#: A point in time, in minutes, and the bytes held then; two of one minute are a jump.
Point = tuple[float, float]

#: From nothing to a full cell in eighths; then the axes: upright, corner, level, a tick on it.
_BLOCKS = " ▁▂▃▄▅▆▇█", ("│", "└", "─", "┴")
_ASCII = " ..::||##", ("|", "+", "-", "+")

_DAY = 24 * 60


def has_blocks(stream: TextIO) -> bool:
    """Whether the stream's encoding can say them."""
    try:
        "".join((_BLOCKS[0], *_BLOCKS[1])).encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def highest(points: Sequence[Point], start: float, end: float) -> float:
    """The highest point of the line through the points, between two moments."""
    found = 0.0
    for (t0, y0), (t1, y1) in zip(points, [*points[1:], points[-1]], strict=True):
        if t1 < start or t0 > end:
            continue
        for moment in (max(t0, start), min(t1, end)):
            found = max(found, y0 + (y1 - y0) * (moment - t0) / (t1 - t0) if t1 > t0 else max(y0, y1))
    return found


def area(points: Sequence[Point], columns: int, rows: int, top: float, cells: str) -> list[str]:
    """The line through the points, filled below, as rows of characters from the top down.

    :param top: what the highest row ends at
    :param cells: from an empty one to a full one
    """
    steps = len(cells) - 1
    heights = []
    for column in range(columns):
        value = highest(points, column * _DAY / columns, (column + 1) * _DAY / columns)
        heights.append(round(value / top * rows * steps) if top else 0)
    return [
        "".join(cells[min(max(height - row * steps, 0), steps)] for height in heights).rstrip()
        for row in reversed(range(rows))
    ]


def in_text(day: BlackFriday, width: int, *, blocks: bool, rows: int = 4) -> list[Line]:
    """All panels, one under the other, and the hours below."""
    cells, (upright, corner, level, tick) = _BLOCKS if blocks else _ASCII
    lines_of = [course.points() for course in day.courses]
    top = max(held for points in lines_of for _, held in points)
    unit = Unit.for_counts([top])
    scale = f"{top / unit.bytes:,.0f} {unit.name}"
    label = len(scale)
    columns = max(8, min(width, 100) - label - 2)
    lines: list[Line] = []
    for course, points in zip(day.courses, lines_of, strict=True):
        lines += wrapped(_caption(course), width, "section")
        for row, text in enumerate(area(points, columns, rows, top, cells)):
            side = scale if row == 0 else ""
            lines.append(("row", f"{side:>{label}} {upright}{text}"))
    lines += [("row", line) for line in _hours(columns, label + 1, corner, level, tick)]
    return lines


def _caption(course: Course) -> str:
    most = max(course.samples, key=lambda sample: sample.customers)
    rush, midnight = human(most.counted), human(course.samples[-1].counted)
    return f"{course.name}: {rush} at the rush, {midnight} at midnight"


def _hours(columns: int, indent: int, corner: str, level: str, tick: str) -> list[str]:
    """The time axis, and under it as many of its hours as fit."""
    every = 4 if columns >= 36 else 12
    axis, names = [level] * columns, ""
    for hour in range(0, 25, every):
        column = max(0, hour * columns // 24 - 1)
        axis[column] = tick if hour else level
        name = f"{hour} h"
        start = 0 if hour == 0 else min(column - len(name) // 2, columns - len(name))
        names = names.ljust(start) + name
    return [" " * indent + corner + "".join(axis), " " * (indent + 1) + names]


# ---- in a file ---------------------------------------------------------------------------------------

#: what a picture's file can end in
SUFFIXES = (".png", ".svg")

#: Told apart by the colour-blind too, and by how they are drawn.
_STYLES: dict[str, dict[str, Any]] = {
    "Map": {"color": "#0072b2", "linewidth": 2.5, "zorder": 4},
    "Cache": {"color": "#009e73", "linewidth": 2.0, "linestyle": (0, (3, 1, 1, 1)), "zorder": 5},
    "SwissMap": {"color": "#cc79a7", "linewidth": 1.8, "linestyle": (0, (8, 1.5)), "zorder": 2},
    "GoMap": {"color": "#d55e00", "linewidth": 1.8, "zorder": 2},
    "GoMap re-created": {"color": "#e69f00", "linewidth": 1.5, "linestyle": (0, (5, 1.5)), "zorder": 3},
    "dict": {"color": "#777777", "linewidth": 1.5, "linestyle": (0, (1.5, 1)), "zorder": 1},
}


class PlotError(ValueError):
    """A picture cannot be made."""


def check(path: Path) -> None:
    """
    :raises PlotError: a picture cannot be made there, as far as can be said without making it
    """
    if path.suffix.lower() not in SUFFIXES:
        supported = " or ".join(SUFFIXES)
        raise PlotError(f"expected a file name ending in {supported}, got {str(path)!r}")
    if why_not := unwritable(path):
        raise PlotError(why_not)
    try:
        library(
            "matplotlib.figure",
            "a picture needs matplotlib",
            'python -m pip install "gomap[plot]", or matplotlib alone',
        )
    except ImportError as error:
        raise PlotError(str(error)) from None


def in_file(day: BlackFriday, path: Path) -> None:
    """
    :raises OSError: the file cannot be written
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    lines_of = {course.name: course.points() for course in day.courses}
    unit = Unit.for_counts([held for points in lines_of.values() for _, held in points])
    # The same figures make the same file.
    with mpl.rc_context({"svg.hashsalt": "gomap", "font.size": 10}):
        figure = Figure(figsize=(8, 4.2), layout="constrained")
        axes = figure.add_subplot()
        for name, points in lines_of.items():
            hours = [minute / 60 for minute, _ in points]
            axes.plot(hours, [held / unit.bytes for _, held in points], label=name, **_STYLES[name])
        axes.set_title(
            f"{day.customers:,} customers come within an hour; by midnight {day.remaining:,} remain",
            loc="left",
            fontsize=11,
        )
        axes.set_xlabel("hour of the day")
        axes.set_ylabel(f"{unit.name} held, {day.key} to {day.value}")
        axes.set_xlim(0, 24)
        axes.set_xticks(range(0, 25, 2))
        axes.set_ylim(bottom=0)
        axes.grid(axis="y", color="#dddddd", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, loc="upper right")
        kind = path.suffix.lower()[1:]
        metadata = {"Date": None} if kind == "svg" else None
        figure.savefig(path, format=kind, dpi=150, facecolor="white", metadata=metadata)

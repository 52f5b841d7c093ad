"""Plots as SVG, to stand in a page of HTML: bars and courses, with a title for every mark.

Text and axes are in the page's own colour (``currentColor``), so that they show on a dark page too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

#: Told apart by people of any colour vision (Okabe and Ito, 2008).
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#999999", "#f0e442")

_LETTER = 8.0  # a wide character's width at 13 pixels, on average


def _text(x: float, y: float, text: str, anchor: str = "start", colour: str = "currentColor") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-size="13">{escape(text)}</text>'


def _svg(width: float, height: float, title: str, marks: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" role="img" '
        f'aria-label="{escape(title)}" xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(marks) + "\n</svg>"
    )


def bars(
    title: str,
    labels: Sequence[str],
    series: Sequence[tuple[str, Sequence[float | None]]],
    shown: Callable[[float], str],
    width: int = 720,
) -> str:
    """Horizontal bars, a group for every label and in it one for every series; nothing for None.

    :param series: name and a figure for every label
    :param shown: a figure in words, behind its bar
    """
    figures = [figure for _, each in series for figure in each if figure is not None]
    top = max(figures, default=0) or 1
    left = max(map(len, labels)) * _LETTER + 12
    right = max((len(shown(figure)) for figure in figures), default=0) * _LETTER + 12
    room, bar, gap = width - left - right, 16, 12
    marks, y = [], 4.0
    if len(series) > 1:
        x = left
        for number, (name, _) in enumerate(series):
            marks.append(f'<rect x="{x:.1f}" y="{y}" width="12" height="12" fill="{COLOURS[number]}"/>')
            marks.append(_text(x + 17, y + 11, name))
            x += 17 + len(name) * _LETTER + 18
        y += 24
    for row, label in enumerate(labels):
        marks.append(_text(left - 8, y + len(series) * bar / 2 + 4, label, "end"))
        for number, (name, each) in enumerate(series):
            figure = each[row]
            if figure is not None:
                length = room * figure / top
                title_of = escape(f"{label}, {name}: {shown(figure)}")
                marks.append(
                    f'<rect x="{left:.1f}" y="{y:.1f}" width="{max(length, 1):.1f}" height="{bar - 2}" '
                    f'fill="{COLOURS[number]}"><title>{title_of}</title></rect>'
                )
                marks.append(_text(left + max(length, 1) + 6, y + bar - 4, shown(figure)))
            y += bar
        y += gap
    return _svg(width, y, title, marks)


def courses(
    title: str,
    lines: Sequence[tuple[str, Sequence[tuple[float, float]]]],
    levels: Sequence[tuple[float, str]],
    ticks: Sequence[tuple[float, str]],
    width: int = 720,
    height: int = 300,
) -> str:
    """Lines over one axis from 0 to 1, each with its name at the top.

    :param lines: names and points, (from 0 to 1, a figure)
    :param levels: figures on the upright axis, from 0 to its end, and what stands there
    :param ticks: places on the level axis, likewise
    """
    top = levels[-1][0] or 1
    left, bottom, above = max(len(name) for _, name in levels) * _LETTER + 14, 24, 30
    room, high = width - left - 24, height - bottom - above

    def at(x: float, y: float) -> tuple[float, float]:
        return left + room * x, above + high * (1 - y / top)

    marks = []
    for y, name in levels:
        x0, level = at(0, y)
        marks.append(
            f'<line x1="{x0:.1f}" x2="{x0 + room:.1f}" y1="{level:.1f}" y2="{level:.1f}" '
            f'stroke="currentColor" stroke-opacity="{0.6 if y == 0 else 0.15}"/>'
        )
        marks.append(_text(x0 - 8, level + 4, name, "end"))
    for x, name in ticks:
        place, _ = at(x, 0)
        anchor = "start" if x == 0 else "end" if x == 1 else "middle"
        marks.append(_text(place, height - 6, name, anchor))
    x = left
    for number, (name, points) in enumerate(lines):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in (at(*point) for point in points))
        marks.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5">'
            f"<title>{escape(name)}</title></polyline>"
        )
        marks.append(f'<rect x="{x:.1f}" y="4" width="12" height="12" fill="{colour}"/>')
        marks.append(_text(x + 17, 15, name))
        x += 17 + len(name) * _LETTER + 18
    return _svg(width, height, title, marks)

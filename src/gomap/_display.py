"""How figures look: units, aligned columns, tables that fit a terminal, and a progress line.

Everything is plain text of ASCII. Colour is added at the end, by rich, where it is installed and the
output is a terminal.
"""

from __future__ import annotations

import html
import os
import shutil
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TextIO

_UNITS = ("bytes", "KB", "MB", "GB", "TB")  # each 1024 of the one before


def human(count: int) -> str:
    """A number of bytes in the largest unit of which there is at least one: 293.25 MB."""
    power = 0
    while count >= 1024 ** (power + 1) and power + 1 < len(_UNITS):
        power += 1
    return f"{count:,} bytes" if power == 0 else f"{count / 1024**power:,.2f} {_UNITS[power]}"


@dataclass(frozen=True)
class Unit:
    """One unit for all the figures of a table."""

    name: str
    bytes: int

    @classmethod
    def for_counts(cls, counts: Sequence[int]) -> Unit:
        """The one that leaves the largest of the counts between 1 and 100,000 of it."""
        largest, power = max(counts, default=0), 0
        while power < 3 and largest >= (1024 if power < 2 else 100_000) * 1024**power:
            power += 1
        return cls(_UNITS[power], 1024**power)

    def figure(self, count: int | None) -> str:
        """A count in this unit; ``-`` for one that is not known."""
        if count is None:
            return "-"
        return f"{count:,}" if self.bytes == 1 else f"{count / self.bytes:,.2f}"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of columns: the first flush left, the others flush right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for label, *cells in rows:
        line = [label.ljust(widths[0])]
        line += [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
        lines.append("  ".join(line).rstrip())
    return lines


def html_table(head: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "") -> str:
    """The same for a notebook; a row of one cell is the name of those below."""
    columns = max((len(cells) for cells in (head, *rows)), default=0)

    def row(cells: Sequence[str], tag: str) -> str:
        if len(cells) == 1 < columns:
            return f'<tr><th colspan="{columns}" style="text-align: left">{html.escape(cells[0])}</th></tr>'
        label, *figures = map(html.escape, cells)
        right = "".join(f'<{tag} style="text-align: right">{figure}</{tag}>' for figure in figures)
        return f'<tr><{tag} style="text-align: left">{label}</{tag}>{right}</tr>'

    lines = ["<table>"]
    lines += [f"<caption>{html.escape(caption)}</caption>"] if caption else []
    lines += [f"<thead>{row(head, 'th')}</thead>"] if head else []
    return "\n".join([*lines, "<tbody>", *(row(cells, "td") for cells in rows), "</tbody>", "</table>"])


# ---- tables ------------------------------------------------------------------------------------------

Role = Literal["title", "head", "section", "row", "key row", "text"]
Line = tuple[Role, str]

_STYLES: dict[Role, str] = {
    "title": "bold",
    "head": "cyan",
    "section": "bold",
    "row": "",
    "key row": "bold yellow",
    "text": "",
}


class Table:
    """Rows of figures, a column for each subject, under head lines and section names."""

    def __init__(self, *head: tuple[str, ...]) -> None:
        """
        :param head: lines, each a label and a cell for every column
        """
        self.head = list(head)
        self.rows: list[tuple[Role, tuple[str, ...]]] = []

    def section(self, name: str) -> None:
        self.rows.append(("section", (name,)))

    def row(self, label: str, cells: Sequence[str], *, key: bool = False) -> None:
        """
        :param key: a row to look at first
        """
        self.rows.append(("key row" if key else "row", ("  " + label, *cells)))

    def lines(self, width: int) -> list[Line]:
        """As many columns side by side as the width has room for, the others under them."""
        columns = len(self.head[0]) - 1
        every = self.head + [cells for role, cells in self.rows if role != "section"]
        label = max(len(cells[0]) for cells in every)
        widths = [max(len(cells[1 + i]) for cells in every) for i in range(columns)]
        lines: list[Line] = []
        start = 0
        while start < columns:
            end, used = start + 1, label + 2 + widths[start]
            while end < columns and used + 2 + widths[end] <= width:
                used += 2 + widths[end]
                end += 1
            if lines:
                lines.append(("text", ""))
            lines += self._piece(start, end, label, widths)
            start = end
        return lines

    def _piece(self, start: int, end: int, label: int, widths: list[int]) -> list[Line]:
        def line(cells: tuple[str, ...]) -> str:
            shown = [cells[0].ljust(label)]
            shown += [cells[1 + i].rjust(widths[i]) for i in range(start, end)]
            return "  ".join(shown).rstrip()

        lines: list[Line] = [("head", line(cells)) for cells in self.head]
        for role, cells in self.rows:
            lines.append((role, cells[0] if role == "section" else line(cells)))
        return lines


def wrapped(text: str, width: int, role: Role = "text") -> list[Line]:
    return [(role, line) for line in textwrap.wrap(text, width, break_on_hyphens=False)]


def terminal_width() -> int:
    """Columns of the terminal, or of COLUMNS; 80 where neither says."""
    return max(20, shutil.get_terminal_size((80, 24)).columns)


def show(lines: Sequence[Line], stream: TextIO, *, colour: bool = True) -> None:
    """Prints the lines, coloured where rich is installed and the stream is a terminal that wants it."""
    if colour and stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb":
        try:
            from rich.console import Console
        except Exception:  # it is not installed, or broken; colour is not worth an error
            pass
        else:
            console = Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=True)
            for role, text in lines:
                console.print(text, style=_STYLES[role] or None)
            return
    for _, text in lines:
        print(text, file=stream)


# ---- progress ----------------------------------------------------------------------------------------


class Progress:
    """One line that is written over, on a terminal; nothing elsewhere."""

    def __init__(self, stream: TextIO | None, *, quiet: bool = False) -> None:
        self._stream = stream if not quiet and os.environ.get("TERM") != "dumb" else None
        if stream is None or not stream.isatty():
            self._stream = None
        self._shown = ""

    def update(self, text: str) -> None:
        text = text[: terminal_width() - 1]
        if text != self._shown:
            self._print("\r" + text.ljust(len(self._shown)))
            self._shown = text

    def clear(self) -> None:
        if self._shown:
            self._print("\r" + " " * len(self._shown) + "\r")
            self._shown = ""

    def _print(self, text: str) -> None:
        try:
            if self._stream is not None:
                print(text, end="", file=self._stream, flush=True)
        except OSError:  # the terminal is gone; the figures may go elsewhere
            self._stream = None

"""The command line: ``python -m gomap``, also installed as ``gomap``.

Without a command it runs the article's scenario and prints its table; ``timeline`` is the other one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ._display import Line, Progress, Table, Unit, human, show, terminal_width, wrapped
from ._version import __version__
from .types import Type, parse

if TYPE_CHECKING:
    from ._runs import Report
    from .article import Article, Measured
    from .timeline import Sample, Timeline

_INTERRUPTED = 130  # what a shell reports of a command that Ctrl-C ended


class _UsageError(Exception):
    """Arguments that make no sense."""


class _Failure(Exception):
    """What was asked for makes sense, and could not be done."""


class _Parser(argparse.ArgumentParser):
    """Reports an error as one line, from wherever it comes."""

    def error(self, message: str) -> NoReturn:
        raise _UsageError(message)


# ---- arguments --------------------------------------------------------------------------------------


def _count(text: str) -> int:
    """A number of entries as people write it: 1000000, 1_000_000, 1e6, 1M, 250k."""
    from decimal import Decimal, InvalidOperation

    scale = {"k": 3, "m": 6, "g": 9}.get(text[-1:].lower(), 0)
    try:
        count = Decimal((text[:-1] if scale else text).replace(",", "")).scaleb(scale)
    except InvalidOperation:
        count = Decimal("NaN")
    if not count.is_finite() or count != count.to_integral_value():
        raise argparse.ArgumentTypeError(
            f"expected a whole number such as 1000000, 250k, 1e6 or 1M, got {text!r}"
        )
    if count < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, got {text}")
    return int(count)


def _type(role: str) -> Callable[[str], Type]:
    """Reads a type; its errors show the spelling and where reading stopped on lines of their own."""

    def read(text: str) -> Type:
        try:
            return parse(text, role)
        except ValueError as error:
            reason, *spelling, mark = str(error).splitlines()
            shown = "\n".join(spelling)[4:]
            raise argparse.ArgumentTypeError(f"{reason}, in {shown!r} at character {len(mark) - 4}") from None

    return read


def _path(text: str) -> Path:
    """A file for a picture that can be made."""
    from ._plot import PlotError, check

    try:
        check(Path(text))
    except PlotError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return Path(text)


def _article_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-n", "--entries", type=_count, metavar="N", help="entries to add: 1000000, 250k, 1e6 (default 1M)"
    )
    _common_options(parser, "value type; GoMap also has it behind a pointer, unless it is one")


def _timeline_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-n",
        "--customers",
        type=_count,
        metavar="N",
        help="customers at the rush: 1000000, 250k, 1e6 (default 1M)",
    )
    parser.add_argument(
        "--remaining", type=_count, metavar="N", help="customers left at midnight (default 1000)"
    )
    parser.add_argument(
        "--plot",
        type=_path,
        metavar="FILE",
        help='also draw a picture, .png or .svg, by matplotlib (pip install "gomap[plot]")',
    )
    _common_options(parser, "value type")


def _common_options(parser: argparse.ArgumentParser, value: str) -> None:
    parser.add_argument(
        "--key", type=_type("key"), metavar="TYPE", help="key type, as Go spells it (default int)"
    )
    parser.add_argument(
        "--value",
        type=_type("value"),
        metavar="TYPE",
        help=f"{value} (default [128]byte)",
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON, in bytes")
    parser.add_argument("--no-color", action="store_true", help="plain text; so does NO_COLOR")
    parser.add_argument("-q", "--quiet", action="store_true", help="show no progress")


def _parser() -> argparse.ArgumentParser:
    # SUPPRESS: an option may stand before the command or behind it, and neither place's default
    # overwrites what was given at the other.
    suppress: Any = argparse.SUPPRESS
    parser = _Parser(
        prog="gomap",
        description="What gomap's maps, and a dict, do with their memory: measured, to the byte.",
        argument_default=suppress,
    )
    parser.add_argument("--version", action="version", version=f"gomap {__version__}")
    _article_options(parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    article = commands.add_parser(
        "article",
        help="a map filled, emptied and copied, step by step (the default)",
        description="Adds entries to a map one by one, removes them, and shows the memory held at each "
        "step; then copies the few entries kept of many to a new map, which a Map does not need.",
        argument_default=suppress,
    )
    _article_options(article)
    timeline = commands.add_parser(
        "timeline",
        help="Black Friday: maps through a day of customers that come and go",
        description="Customers arrive for an hour and then leave for the rest of the day. Shows what a "
        "Map, a GoMap, a GoMap re-created every two hours and a dict with an entry for each hold "
        "meanwhile, as a table and a picture.",
        argument_default=suppress,
    )
    _timeline_options(timeline)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line.

    :param argv: the arguments, without the program's name; by default the process's
    :returns: the process's exit code
    """
    commands = {"article": _article, "timeline": _timeline}
    try:
        options = _parser().parse_args(argv)
        return commands[getattr(options, "command", None) or "article"](options)
    except (_UsageError, _Failure) as error:
        print(f"gomap: error: {error}", file=sys.stderr)
        return 2 if isinstance(error, _UsageError) else 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # the reader has seen enough; nor is there anyone to flush to at the exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


# ---- what both do ------------------------------------------------------------------------------------


def _measured(
    measure: Callable[..., Any], names: Sequence[str], options: argparse.Namespace
) -> tuple[Any, dict[str, Any]]:
    """Runs a scenario while it shows how far it is.

    :param names: the options that are for it
    :returns: its figures, and all options given
    """
    from ._runs import RunError, ScenarioError

    given = vars(options)
    progress = Progress(sys.stderr, quiet="quiet" in given)
    report: Report = lambda percent, what: progress.update(f"gomap: {percent:3} %  {what}")  # noqa: E731
    try:
        return measure(**{name: given[name] for name in names if name in given}, report=report), given
    except ScenarioError as error:
        raise _UsageError(str(error)) from None
    except RunError as error:
        raise _Failure(str(error)) from None
    finally:
        progress.clear()


def _print(figures: Any, lines: Callable[[], list[Line]], given: dict[str, Any]) -> None:
    if "json" in given:
        versions = {"gomap": __version__, "python": platform.python_version()}
        print(json.dumps({**versions, **asdict(figures)}, indent=2))
    else:
        show(lines(), sys.stdout, colour="no_color" not in given)
    sys.stdout.flush()


def _title(text: str, unit: Unit) -> str:
    text += f": {unit.name} held"
    return f"{text} (1 {unit.name} = {unit.bytes:,} bytes)" if unit.bytes > 1 else text


# ---- the article ------------------------------------------------------------------------------------


def _article(options: argparse.Namespace) -> int:
    from .article import measure

    article, given = _measured(measure, ("entries", "key", "value"), options)
    _print(article, lambda: _article_lines(article, terminal_width()), given)
    return 0


def _article_lines(article: Article, width: int) -> list[Line]:
    measured = article.subjects
    counts = [count for m in measured for count in (m.fill.peak, *(cure.both or 0 for cure in m.cures))]
    unit = Unit.for_counts(counts)
    title = _title(f"{article.entries:,} entries added and removed one by one", unit)
    return [
        *wrapped(title, width, "title"),
        ("text", ""),
        *_article_table(measured, unit).lines(width),
        *(line for text in _findings(measured) for line in [("text", ""), *wrapped(text, width)]),
    ]


def _article_table(measured: Sequence[Measured], unit: Unit) -> Table:
    def each(figure: Callable[[Measured], int | None]) -> list[str]:
        return [unit.figure(figure(m)) for m in measured]

    def plain(figure: Callable[[Measured], int | None]) -> list[str]:
        return ["-" if (count := figure(m)) is None else f"{count:,}" for m in measured]

    table = Table(
        ("", *(m.subject.engine for m in measured)),
        ("key", *(m.subject.key for m in measured)),
        ("value", *(m.subject.value for m in measured)),
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


# ---- the timeline -----------------------------------------------------------------------------------


def _timeline(options: argparse.Namespace) -> int:
    from ._plot import has_blocks, in_file
    from .timeline import measure

    if "entries" in vars(options):
        raise _UsageError("timeline counts customers: expected -n behind the command, or --customers")
    timeline, given = _measured(measure, ("customers", "remaining", "key", "value"), options)
    if "plot" in given:
        try:
            in_file(timeline, given["plot"])
        except OSError as error:
            raise _Failure(f"cannot write {given['plot']}: {error.strerror or error}") from None
    _print(timeline, lambda: _timeline_lines(timeline, terminal_width(), has_blocks(sys.stdout)), given)
    return 0


def _timeline_lines(timeline: Timeline, width: int, blocks: bool) -> list[Line]:
    from ._plot import in_text

    unit = Unit.for_counts([course.peak for course in timeline.courses])
    title = _title(f"{timeline.customers:,} customers come and go, {timeline.key} to {timeline.value}", unit)
    return [
        *wrapped(title, width, "title"),
        ("text", ""),
        *_timeline_table(timeline, unit).lines(width),
        ("text", ""),
        *in_text(timeline, width, blocks=blocks),
    ]


def _timeline_table(timeline: Timeline, unit: Unit) -> Table:
    def figures(samples: Sequence[Sample]) -> list[str]:
        counts = [*(sample.counted for sample in samples[:-1]), copying(samples[2]), samples[-1].counted]
        return [f"{samples[0].customers:,}", *map(unit.figure, counts)]

    def copying(sample: Sample) -> int | None:
        return None if sample.recreated is None else sample.recreated.both

    table = Table(
        ("time", "customers", "Map", "GoMap", "GoMap", "both", "dict"),
        ("", "", "", "", "re-created", "alive", ""),
    )
    table.section("bytes counted")
    courses = timeline.courses
    moments = {samples[0].minute: samples for samples in zip(*(c.samples for c in courses), strict=True)}
    for minute, samples in moments.items():
        if minute in (30, 60) or minute % timeline.recreated_every == 0:
            table.row(_clock(minute), figures(samples), key=samples[0].minute == max(moments))
    peaks = [course.peak for course in courses]
    both = max(copying(sample) or 0 for sample in courses[2].samples)
    table.row("highest", ["", *map(unit.figure, (*peaks[:-1], both, peaks[-1]))])
    table.section("resident memory")
    for minute in (60, max(moments)):
        held = [sample.resident for sample in moments[minute]]
        table.row(_clock(minute), ["", *map(unit.figure, held[:-1]), "", unit.figure(held[-1])])
    return table


def _clock(minute: int) -> str:
    return f"{minute // 60:2}:{minute % 60:02}"


if __name__ == "__main__":
    sys.exit(main())

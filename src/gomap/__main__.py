"""The command line: ``python -m gomap``, also installed as ``gomap``.

Without a command it runs the article's scenario and prints its table.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NoReturn

from ._display import Line, Progress, Table, Unit, human, show, terminal_width, wrapped
from ._version import __version__
from .types import Type, parse

if TYPE_CHECKING:
    from .article import Article, Measured

_INTERRUPTED = 130  # what a shell reports of a command that Ctrl-C ended


class _UsageError(Exception):
    """Arguments that make no sense."""


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


def _article_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-n", "--entries", type=_count, metavar="N", help="entries to add: 1000000, 250k, 1e6 (default 1M)"
    )
    parser.add_argument(
        "--key", type=_type("key"), metavar="TYPE", help="key type, as Go spells it (default int)"
    )
    parser.add_argument(
        "--value",
        type=_type("value"),
        metavar="TYPE",
        help="value type; also run behind a pointer, unless it is one (default [128]byte)",
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
        description="What Go's map, and a dict, do with their memory: measured, to the byte.",
        argument_default=suppress,
    )
    parser.add_argument("--version", action="version", version=f"gomap {__version__}")
    _article_options(parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    article = commands.add_parser(
        "article",
        help="a map filled, emptied and copied, step by step (the default)",
        description="Adds entries to a map one by one, removes them, and shows the memory held at each "
        "step; then copies the few entries kept of many to a new map.",
        argument_default=suppress,
    )
    _article_options(article)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line.

    :param argv: the arguments, without the program's name; by default the process's
    :returns: the process's exit code
    """
    commands: dict[str, Callable[[argparse.Namespace], int]] = {"article": _article}
    try:
        options = _parser().parse_args(argv)
        return commands[getattr(options, "command", None) or "article"](options)
    except _UsageError as error:
        print(f"gomap: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # the reader has seen enough; nor is there anyone to flush to at the exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


# ---- the article ------------------------------------------------------------------------------------


def _article(options: argparse.Namespace) -> int:
    from .article import RunError, ScenarioError, measure

    given = vars(options)
    progress = Progress(sys.stderr, quiet="quiet" in given)
    wanted = {name: given[name] for name in ("entries", "key", "value") if name in given}
    try:
        article = measure(
            **wanted, report=lambda percent, what: progress.update(f"gomap: {percent:3} %  {what}")
        )
    except ScenarioError as error:
        raise _UsageError(str(error)) from None
    except RunError as error:
        progress.clear()
        print(f"gomap: error: {error}", file=sys.stderr)
        return 1
    finally:
        progress.clear()
    if "json" in given:
        versions = {"gomap": __version__, "python": platform.python_version()}
        print(json.dumps({**versions, **asdict(article)}, indent=2))
    else:
        show(_article_lines(article, terminal_width()), sys.stdout, colour="no_color" not in given)
    sys.stdout.flush()
    return 0


def _article_lines(article: Article, width: int) -> list[Line]:
    measured = article.subjects
    counts = [count for m in measured for count in (m.fill.peak, *(cure.both for cure in m.cures))]
    unit = Unit.for_counts(counts)
    title = f"{article.entries:,} entries added and removed one by one: {unit.name} held"
    if unit.bytes > 1:
        title += f" (1 {unit.name} = {unit.bytes:,} bytes)"
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
        table.row("new map alone", [unit.figure(cure.after) for cure in cures], key=True)
        table.row("then resident", [unit.figure(cure.resident_after) for cure in cures])
    return table


def _findings(measured: Sequence[Measured]) -> list[str]:
    """What the figures say, in a sentence or two."""

    def left(m: Measured) -> str:
        removed, full = m.fill.removed.counted, m.fill.full.counted
        share = "all" if removed == full else f"{100 * removed / full:.0f} %"
        return f"{m.subject.name} {human(removed)} ({share} of what it held full)"

    *others, last = map(left, measured)
    texts = [f"With every entry removed, memory still held: {', '.join(others)} and {last}."]
    first = measured[0]
    few, many = first.cures[0], first.cures[-1]
    kept = f"the {few.kept:,} entries" if few.kept > 1 else "the one entry"
    if few.after < few.before:
        effect = f"brings {first.subject.name} from {human(few.before)} down to {human(few.after)}"
    else:
        effect = f"leaves {first.subject.name} at {human(few.after)}"
    texts.append(
        f"Copying {kept} kept to a new map {effect}; "
        f"copying {many.kept:,} took {human(many.both)} with both maps alive."
    )
    return texts


if __name__ == "__main__":
    sys.exit(main())

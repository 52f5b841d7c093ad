"""What the commands share: how their arguments are read, how they run and how they fail."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn, TextIO

from .._display import Line, Progress, Unit, show
from .._version import __version__
from .._words import printable, reason, shown
from ..measure.table_files import ON_BLANK, ON_DUPLICATE, SUFFIXES, read
from ..types import Type, parse


class UsageError(Exception):
    """Arguments that make no sense."""


class Failure(Exception):
    """What was asked for makes sense, and could not be done."""


class ReaderGone(Exception):
    """Nobody reads what is printed any more."""


class Parser(argparse.ArgumentParser):
    """Reports an error as one line, from wherever it comes."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message)

    def print_help(self, file: Any = None) -> None:
        print_text(self.format_help())


class Version(argparse.Action):
    """Prints the version, and ends."""

    def __init__(self, option_strings: Sequence[str], dest: str, **_: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the version")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print_text(f"gomap {__version__}\n")
        parser.exit()


# ---- output --------------------------------------------------------------------------------


def complain(text: str) -> None:
    """Prints a line to standard error, if there is anyone to read it."""
    if sys.stderr is not None:
        with suppress(OSError):
            print(f"gomap: {printable(text)}", file=sys.stderr, flush=True)


@contextmanager
def standard_output() -> Iterator[TextIO]:
    """Standard output, for what is printed in the block; all of it has arrived when that ends.

    :raises Failure: it could not be written
    :raises ReaderGone: it is a pipe that nobody reads any more
    """
    stream: TextIO | None = sys.stdout
    if stream is None:
        raise Failure("cannot write to standard output: it is closed")
    try:
        try:
            yield stream
        finally:
            stream.flush()
    except BrokenPipeError:
        _drop(stream)
        raise ReaderGone from None
    except OSError as error:
        _drop(stream)
        raise Failure(f"cannot write to standard output: {reason(error)}") from None


def print_text(text: str) -> None:
    with standard_output() as stream:
        stream.write(text)


def _drop(stream: TextIO) -> None:
    """Sends what is left in the stream nowhere, so that Python does not try again at the process's end."""
    with suppress(OSError, ValueError):
        number = stream.fileno()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, number)
        os.close(null)


def saved(path: Path, write: Callable[[], object]) -> Failure | None:
    """Writes a file; what goes wrong is to be raised after the figures are printed."""
    try:
        write()
    except OSError as error:
        return Failure(f"cannot write {path}: {reason(error)}")
    return None


# ---- arguments --------------------------------------------------------------------------------------


_MOST_DIGITS = 18  # of a number of entries: more than any memory holds


def read_count(text: str) -> int:
    """A number of entries as people write it: 1000000, 1_000_000, 1e6, 1M, 250k."""
    from decimal import Decimal, InvalidOperation

    scale = {"k": 3, "m": 6, "g": 9}.get(text[-1:].lower(), 0)
    try:
        sign, digits, exponent = Decimal((text[:-1] if scale else text).replace(",", "")).as_tuple()
    except InvalidOperation:
        exponent = "n"
    if isinstance(exponent, int):
        number = Decimal((sign, digits, exponent + scale))  # exactly, as a product would not be
        if number < 1:
            raise argparse.ArgumentTypeError(f"expected at least 1, got {text[:60]}")
        if number.adjusted() >= _MOST_DIGITS:
            raise argparse.ArgumentTypeError(f"expected at most {_MOST_DIGITS} digits, got {text[:60]}")
        if number == number.to_integral_value():
            return int(number)
    raise argparse.ArgumentTypeError(f"expected a whole number such as 1000000, 250k, 1e6 or 1M, got {shown(text)}")


def read_bytes(text: str) -> float:
    """A mean length."""
    try:
        length = float(text)
    except ValueError:
        length = -1.0
    if not 0 <= length < 2**32:
        raise argparse.ArgumentTypeError(f"expected a number of bytes, got {shown(text)}")
    return length


def read_type(role: str) -> Callable[[str], Type]:
    """Reads a type; its errors show the spelling and where reading stopped on lines of their own."""

    def read(text: str) -> Type:
        try:
            return parse(text, role)
        except ValueError as error:
            why, *place = str(error).split("\n    ")
            if place:
                spelling, mark = place
                why += f", in {spelling!r} at character {len(mark)}"
            raise argparse.ArgumentTypeError(why) from None

    return read


def read_path(text: str) -> Path:
    """A file for a picture that can be made."""
    from ..measure.plot import PlotError, check

    try:
        check(Path(text))
    except PlotError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return Path(text)


def read_names(text: str) -> list[str]:
    """Names with commas between them; none of no text."""
    return [name for name in text.split(",") if name]


def scenario_options(parser: argparse.ArgumentParser, option: str, counted: str, value: str) -> None:
    """For a command that fills maps with so many entries, which it calls by a name of its own."""
    parser.add_argument("-n", option, type=read_count, metavar="N", help=f"{counted}: 1000000, 250k, 1e6 (default 1M)")
    type_options(parser, f"{value} (default [128]byte)")
    output_options(parser)


def type_options(
    parser: argparse.ArgumentParser, value: str, key: str = "key type, as Go spells it (default int)"
) -> None:
    parser.add_argument("--key", type=read_type("key"), metavar="TYPE", help=key)
    parser.add_argument("--value", type=read_type("value"), metavar="TYPE", help=value)


def entries_option(parser: argparse.ArgumentParser, entries: str) -> None:
    """-n of a command whose entries are others than the default command's: see :func:`given_behind`."""
    parser.add_argument("-n", "--entries", type=read_count, metavar="N", dest="n", help=entries)


def given_behind(command: str, options: argparse.Namespace) -> dict[str, Any]:
    """The options given; -n is the default command's where it stands before another."""
    given = vars(options)
    if "entries" in given:
        raise UsageError(f"{command}: expected -n behind the command")
    return given


def output_options(parser: argparse.ArgumentParser, quiet: str = "show no progress") -> None:
    parser.add_argument("--json", action="store_true", help="print the figures as JSON, in bytes")
    parser.add_argument("--no-color", action="store_true", help="plain text; so does NO_COLOR")
    parser.add_argument("-q", "--quiet", action="store_true", help=quiet)


def file_argument(
    parser: argparse.ArgumentParser,
    entries: str,
    *,
    optional: bool = False,
    metavar: str = "FILE",
    what: str = "a sample of entries",
) -> None:
    """The file of a command that reads entries, and how it is read.

    :param entries: what -n means
    :param what: what the file has
    """
    parser.add_argument(
        "file",
        nargs="?" if optional else None,
        default=None,
        metavar=metavar,
        type=Path,
        help=f"{what}: {SUFFIXES}",
    )
    parser.add_argument("--key-column", metavar="COLUMN", help="of a file, by name or number from 0")
    parser.add_argument(
        "--value-columns", metavar="COLUMN,...", type=read_names, help="of a file; '' for a set of the keys"
    )
    parser.add_argument(
        "--on-duplicate",
        choices=ON_DUPLICATE,
        help="of a file: refuse rows with the same key, or keep the first or the last of them (default error)",
    )
    parser.add_argument(
        "--on-blank",
        choices=ON_BLANK,
        help="of a file: take a blank number for NaN, leave out its row, or refuse it (default missing: NaN)",
    )
    entries_option(parser, entries)


#: Options that are for a file alone, as they are given, and as :func:`gomap.measure.table_files.read` calls them.
FILE_OPTIONS = {
    "key_column": "key",
    "value_columns": "values",
    "on_duplicate": "on_duplicate",
    "on_blank": "on_blank",
}


def read_file(given: dict[str, Any]) -> Any:
    """The entries of the file that was given. What may surprise about how they were read is said on standard error."""
    path = given["file"]
    how = {name: given[option] for option, name in FILE_OPTIONS.items() if option in given}
    try:
        sample = read(path, n=given.get("n"), **how)
    except OSError as error:
        raise Failure(f"cannot read {path}: {reason(error)}") from None
    except ValueError as error:
        raise UsageError(str(error)) from None
    except ImportError as error:
        raise Failure(str(error)) from None
    for remark in sample.remarks:
        complain(remark)
    return sample.entries


# ---- saved maps -------------------------------------------------------------------------------------


def saved_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("saved", metavar="FILE", type=Path, help="a saved map, as gomap build and Map.save write it")


@contextmanager
def opening_saved(path: str) -> Iterator[None]:
    """Says why a saved map cannot be opened or read.

    :raises UsageError: it is no saved map, or is damaged
    :raises Failure: it cannot be read
    """
    from ..files import FileFormatError

    try:
        yield
    except FileFormatError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise Failure(f"cannot read {path}: {reason(error)}") from None
    except (NotImplementedError, ImportError) as error:
        raise Failure(f"{path}: {error}") from None


# ---- running ----------------------------------------------------------------------------------------


def measured(
    measure: Callable[..., Any], names: Sequence[str], options: argparse.Namespace
) -> tuple[Any, dict[str, Any]]:
    """Runs a scenario while it shows how far it is.

    :param names: the options that are for it
    :returns: its figures, and all options given
    """
    from ..measure import RunError, ScenarioError

    given = vars(options)
    progress = Progress(sys.stderr, quiet="quiet" in given)
    started = time.monotonic()

    def report(percent: int, what: str) -> None:
        passed = time.monotonic() - started
        left = f", {_duration(passed * (100 - percent) / percent)} left" if percent and passed > 2 else ""
        progress.update(f"gomap: {percent:3} %{left}  {what}")

    try:
        return measure(**{name: given[name] for name in names if name in given}, report=report), given
    except ScenarioError as error:
        raise UsageError(str(error)) from None
    except RunError as error:
        raise Failure(str(error)) from None
    finally:
        progress.clear()


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def print_figures(figures: Any, lines: Callable[[], list[Line]], given: dict[str, Any]) -> None:
    """
    :param figures: a dataclass, or, where JSON has other names, a dict
    """
    with standard_output() as stream:
        if "json" in given:
            versions = {"gomap": __version__, "python": platform.python_version()}
            named = figures if isinstance(figures, dict) else asdict(figures)
            print(json.dumps({**versions, **named}, indent=2), file=stream)
        else:
            show(lines(), stream, colour="no_color" not in given)


def heading(text: str, unit: Unit) -> str:
    text += f": {unit.name} held"
    return f"{text} (1 {unit.name} = {unit.bytes:,} bytes)" if unit.bytes > 1 else text

"""The command line: ``python -m gomap``, also installed as ``gomap``. A command a module.

Without a command it fills and empties a map, and prints what it held.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from . import advise, bench, build, compare, estimate, fill, get, info, timeline, verify
from .common import Failure, Parser, ReaderGone, UsageError, Version, complain, standard_output

__all__ = ["main"]

#: Modules with HELP, DESCRIPTION, options(parser) and run(options).
_COMMANDS: dict[str, Any] = {
    each.__name__.rpartition(".")[2]: each
    for each in (fill, timeline, compare, advise, estimate, bench, build, info, verify, get)
}
_DEFAULT = "fill"
# The exit codes that a shell reports for a command ended by a signal: by Ctrl-C, or by writing to a pipe without a
# reader.
_INTERRUPTED, _READER_GONE = 128 + 2, 128 + 13


def _parser() -> argparse.ArgumentParser:
    # SUPPRESS: an option may stand before the command or behind it, and neither place's default
    # overwrites what was given at the other.
    suppress: Any = argparse.SUPPRESS
    parser = Parser(
        prog="gomap",
        description="Measures the memory and the time of gomap's maps and of dict, on this machine. Builds, checks and "
        "reads saved maps.",
        argument_default=suppress,
    )
    parser.add_argument("--version", action=Version)
    _COMMANDS[_DEFAULT].options(parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    for name, command in _COMMANDS.items():
        its = commands.add_parser(name, help=command.HELP, description=command.DESCRIPTION, argument_default=suppress)
        command.options(its)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line.

    :param argv: the arguments, without the program's name; by default the process's
    :returns: the process's exit code
    """
    try:
        try:
            options = _parser().parse_args(argv)
            with standard_output():  # what cannot be shown need not be measured
                pass
            code: int = _COMMANDS[getattr(options, "command", None) or _DEFAULT].run(options)
            return code
        except (UsageError, Failure) as error:
            complain(f"error: {error}")
            return 2 if isinstance(error, UsageError) else 1
        except MemoryError:
            complain("error: out of memory")
            return 1
        except ReaderGone:
            return _READER_GONE
    except KeyboardInterrupt:
        return _INTERRUPTED

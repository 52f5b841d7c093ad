"""The command line: ``python -m gomap``, also installed as ``gomap``. A command a module.

Without a command it runs the article's scenario and prints its table.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from .._version import __version__
from . import advise, article, bench, compare, estimate, timeline
from .common import Failure, Parser, UsageError

__all__ = ["main"]

#: Modules with HELP, DESCRIPTION, options(parser) and run(options).
_COMMANDS: dict[str, Any] = {
    "article": article,
    "timeline": timeline,
    "compare": compare,
    "advise": advise,
    "estimate": estimate,
    "bench": bench,
}
_DEFAULT = "article"
_INTERRUPTED = 130  # what a shell reports of a command that Ctrl-C ended


def _parser() -> argparse.ArgumentParser:
    # SUPPRESS: an option may stand before the command or behind it, and neither place's default
    # overwrites what was given at the other.
    suppress: Any = argparse.SUPPRESS
    parser = Parser(
        prog="gomap",
        description="What gomap's maps, and a dict, do with their memory: measured, to the byte.",
        argument_default=suppress,
    )
    parser.add_argument("--version", action="version", version=f"gomap {__version__}")
    _COMMANDS[_DEFAULT].options(parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    for name, command in _COMMANDS.items():
        its = commands.add_parser(
            name, help=command.HELP, description=command.DESCRIPTION, argument_default=suppress
        )
        command.options(its)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line.

    :param argv: the arguments, without the program's name; by default the process's
    :returns: the process's exit code
    """
    try:
        options = _parser().parse_args(argv)
        code: int = _COMMANDS[getattr(options, "command", None) or _DEFAULT].run(options)
        return code
    except (UsageError, Failure) as error:
        print(f"gomap: error: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # the reader has seen enough; nor is there anyone to flush to at the exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1

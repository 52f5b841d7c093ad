"""``python -m gomap``, also installed as ``gomap``: the process around the command line."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from ._startup import leave_directory


def run() -> NoReturn:
    """Runs the command line with this process's arguments and streams, and ends the process."""
    leave_directory()
    _open_streams()
    try:
        from ._cli import main

        code = main()
    except KeyboardInterrupt:  # before there is a command line
        code = 130
    if code == 130:
        # When an interrupt ends an exec() of text, as some imports make it, Python notes that, and would end by the
        # signal instead of the exit code. The next exec() clears the note.
        exec("")
    sys.exit(code)


def _open_streams() -> None:
    """Gives the null device to streams that are closed: no file or pipe is to come in their place."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # names of files and columns need not be in its encoding
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


if __name__ == "__main__":
    run()

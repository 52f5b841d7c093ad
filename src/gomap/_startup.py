"""As a command gomap imports nothing from the directory where it is started: what ``python -P`` is for.

For ``python -m gomap``, Python puts that directory first in ``sys.path``; for the script ``gomap``, it puts the
script's own directory there. A ``numpy.py`` or ``json.py`` in it would be imported in place of the library. This module
removes the directory before gomap imports anything that such a file could replace; so it imports only sys and os
itself. It cannot affect what Python imports before, to find the module. A program that imports gomap keeps its path.
"""

import os
import sys

_left = False


def is_command() -> bool:
    """Whether the package is being imported for ``python -m gomap``."""
    # While -m looks for the module, argv[0] is "-m". The module's name stands before the arguments.
    argv, given = getattr(sys, "argv", []), getattr(sys, "orig_argv", [])
    if argv[:1] != ["-m"] or len(argv) >= len(given):
        return False
    option: str = given[-len(argv)]
    return (option.partition("m")[2] if option.startswith("-") else option) in ("gomap", "gomap.__main__")


def leave_directory() -> None:
    """Takes out of ``sys.path`` what Python has put first for a command; once."""
    global _left
    if _left or sys.flags.safe_path:
        return
    _left = True
    try:
        script = os.path.abspath(sys.argv[0])
        first = (os.getcwd(), os.path.dirname(script), os.path.dirname(os.path.realpath(script)))
    except OSError:  # the directory is gone, and Python has put nothing
        return
    if sys.path and sys.path[0] in first:
        del sys.path[0]


if is_command():
    leave_directory()

"""The command line as tests call it: in a process of its own, or in this one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import gomap
from gomap._cli import main

COMMAND = [sys.executable, "-m", "gomap"]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals, forks and shells")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="/dev/full and /proc")


def run(*arguments: str | bytes, command: list[str] = COMMAND, **options: Any) -> subprocess.CompletedProcess[str]:
    """A process of its own, in any directory."""
    package = str(Path(gomap.__file__).parent.parent)  # for where the package is not installed
    path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    env = {**os.environ, "PYTHONPATH": path, **options.pop("env", {})}
    return subprocess.run(
        [*command, *arguments], check=False, capture_output=True, text=True, timeout=120, env=env, **options
    )


def in_terminal(*arguments: str) -> tuple[subprocess.Popen[bytes], int]:
    """A process whose standard error is a terminal, and that terminal. It is the first of a group of its own."""
    import pty

    terminal, inside = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=inside,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(inside)
    return process, terminal


def refused(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 2) -> str:
    """What the command line says that it refuses: one line, on standard error alone."""
    assert main(arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch("gomap: error: .*\n", err)
    return err[len("gomap: error: ") : -1]

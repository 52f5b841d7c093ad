"""The process of one run: it reads a job, measures, and says what it has found.

It is started by :mod:`gomap.measure.processes`. Its streams are

    standard input    the job, as JSON; nothing, once that is read
    a pipe            messages to the process that started it, a line of JSON each after :data:`MARK`; a result is
                      a pickle in it. The pipe is standard output at first, and is put away before anything is
                      imported that is measured
    standard output   from then on where standard error goes: whatever is printed, by Python or by C

so that what a library prints is never taken for a message. It ends as soon as it has sent its last message,
without what Python does at an exit: what a library does then has no effect on the figures.
"""

from __future__ import annotations

import base64
import json
import os
import pickle
import signal
from typing import Any, NoReturn

from .._words import told
from . import RunError, ScenarioError

#: what a message begins with
MARK = b"\x1egomap "


class _Channel:
    """The way to the process that started this one."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._pipe = os.dup(1)
        os.dup2(2, 1)

    def send(self, kind: str, *what: object) -> None:
        if os.getpid() != self._process:  # what is measured has forked, and this is the copy
            os._exit(0)
        rest = b"\n" + MARK + json.dumps([kind, *what]).encode("ascii") + b"\n"
        try:
            while rest:
                rest = rest[os.write(self._pipe, rest) :]
        except OSError:  # who started it is gone, or what is measured has closed the pipe
            os._exit(1)


_channel: _Channel | None = None


def progress(percent: int, what: str) -> None:
    """Says how far the run is, where this is the process of one."""
    if _channel is not None:
        _channel.send("progress", percent, what)


def packed(what: object) -> str:
    """As text that JSON can have in it."""
    return base64.b64encode(pickle.dumps(what)).decode("ascii")


def unpacked(text: str) -> Any:
    return pickle.loads(base64.b64decode(text))


def serve(job: str) -> NoReturn:
    """The whole of the process.

    :param job: a function and its arguments, packed
    """
    global _channel
    _channel = _Channel()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it is interrupted too, and ends it
    try:
        function, arguments = unpacked(job)
        result = packed(function(*arguments))
    except ScenarioError as error:
        _channel.send("refused", str(error))
    except RunError as error:
        _channel.send("failed", str(error))
    except MemoryError:
        _channel.send("failed", "out of memory")
    except BaseException as error:  # whatever another library raises, SystemExit included
        _channel.send("failed", told(error))
    else:
        _channel.send("result", result)
    os._exit(0)

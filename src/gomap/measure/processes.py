"""Runs in processes of their own, so that what a process holds can be put down to the map.

A process runs :mod:`gomap.measure.worker`, with the ``sys.path`` of the one that starts it: both find the same
modules. One thread reads its messages, and another reads what it prints; all else happens in the thread that asks for
the outcomes. That thread is not kept waiting by a process that prints, dies or hangs, nor by a process that a run
leaves behind.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any, Self

from .._words import brief, reason
from . import RunError, ScenarioError
from .worker import MARK, packed, unpacked

#: Called from time to time with the percentage of the whole and what is running.
Report = Callable[[int, str], None]

# What is imported before the path is set is Python's own.
_START = """
import json, sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec

job = json.load(sys.stdin.buffer)
sys.path[:] = dict.fromkeys([*job["path"], *sys.path])
spec = PathFinder.find_spec("gomap", [job["package"]])
sys.modules["gomap"] = package = module_from_spec(spec)
spec.loader.exec_module(package)
from gomap.measure.worker import serve
serve(job["job"])
"""
#: Flags of the interpreter that say what it imports at its start.
_FLAGS = {"isolated": "-I", "ignore_environment": "-E", "no_user_site": "-s", "no_site": "-S"}
_LOOK_EVERY = 0.02  # seconds
_LAST_WORDS = 1.0  # seconds to wait for what a process has sent that has ended
_KEPT = 4096  # bytes of what is printed


@dataclass(frozen=True)
class Failed:
    """What became of a run that was let fail."""

    reason: str


class _Process:
    """A run, from before its start to its end."""

    def __init__(self, what: str, job: str, patience: float | None) -> None:
        self.what = what
        self.patience = patience
        self.percent = -1  # before its start
        self.doing = "starting"
        self.ended = False
        self.outcome: Any = None
        self._job = job
        self._process: subprocess.Popen[bytes] | None = None
        self._threads: list[Thread] = []
        self._answer: tuple[str, Any] | None = None
        self._printed = b""
        self._silent = 0.0

    @property
    def going(self) -> bool:
        return self._process is not None and not self.ended

    def start(self) -> None:
        job = {
            "path": list(map(str, sys.path)),
            "package": str(Path(__file__).absolute().parent.parent.parent),
            "job": self._job,
        }
        request = json.dumps(job).encode("ascii")
        flags = [option for flag, option in _FLAGS.items() if getattr(sys.flags, flag)]
        try:
            # -P: Python's start imports nothing from the current directory either.
            self._process = process = subprocess.Popen(
                [sys.executable, "-P", *flags, "-c", _START],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,  # no lock that a thread could hold at this process's end
            )
            self.percent = 0
            talk = Thread(target=self._talk, args=(process, request), daemon=True)
            for thread in (talk, Thread(target=self._keep, args=(process,), daemon=True)):
                thread.start()
                self._threads.append(thread)
        except OSError as error:
            raise RunError(f"{self.what}: cannot start a process: {reason(error)}") from None
        except RuntimeError as error:  # no thread can be started
            self.kill()
            for stream in (process.stdin, process.stdout, process.stderr):
                assert stream is not None
                stream.close()
            raise RunError(f"{self.what}: {error}") from None

    def _talk(self, process: subprocess.Popen[bytes], rest: bytes) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(OSError), process.stdin as stdin:  # it may have ended already
            while rest:
                rest = rest[stdin.write(rest) or 0 :]
        begun = b""
        with process.stdout as stdout:
            while some := stdout.read(65536):
                *lines, begun = (begun + some).split(b"\n")
                for line in lines:
                    if line.startswith(MARK):
                        self._hear(*json.loads(line.removeprefix(MARK)))

    def _hear(self, kind: str, *what: Any) -> None:
        self._silent = 0.0
        if kind == "progress":
            self.percent, self.doing = what
        else:
            self._answer = kind, what[0]

    def _keep(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None
        with process.stderr as stderr:
            while some := stderr.read(65536):
                self._printed = (self._printed + some)[-_KEPT:]

    def look(self, passed: float) -> None:
        """Looks after it.

        :param passed: seconds since the last time
        :raises RunError, ScenarioError: it has failed
        """
        assert self._process is not None
        code = self._process.poll()
        if code is None:
            self._silent += passed
            if self.patience is not None and self._silent > self.patience:
                self.kill()
                self._end(Failed(f"it hung: nothing happened for {self.patience:.0f} seconds"))
            return
        for thread in self._threads:
            if self._answer is None:
                thread.join(_LAST_WORDS)
        answer: tuple[str, Any] = self._answer or ("failed", self._last_words(code))
        kind, said = answer
        if kind == "result":
            self._end(unpacked(said))
        elif self.patience is not None:
            self._end(Failed(said))
        else:
            raise (ScenarioError if kind == "refused" else RunError)(f"{self.what}: {said}")

    def _end(self, outcome: object) -> None:
        self.ended, self.outcome, self.percent = True, outcome, 100

    def _last_words(self, code: int) -> str:
        """How a process ended that has sent no result."""
        lines = self._printed.decode("utf-8", "replace").splitlines()
        last = brief(next((line.strip() for line in reversed(lines) if line.strip()), ""))
        how = f"ended with code {code}" if code else "ended before all was measured"
        if code < 0:
            how = f"was ended by signal {-code}" + (", perhaps for want of memory" if code == -9 else "")
        return f"the process {how}" + (f": {last}" if last else "")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class Runs:
    """Processes, so many at a time. Leaving it kills those that are still going."""

    def __init__(self, jobs: int, report: Report | None) -> None:
        self._jobs = jobs
        self._report = report
        self._processes: list[_Process] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            if process.going:
                process.kill()

    def start(self, what: str, run: Callable[..., object], *arguments: object, patience: float | None = None) -> None:
        """Has a run go on when there is a place for it.

        :param run: a function of a module, called with the arguments in a process of its own
        :param patience: of a run that may fail, the seconds in which it has to give some sign of life
        """
        self._processes.append(_Process(what, packed((run, arguments)), patience))

    def outcomes(self) -> list[Any]:
        """Waits until all runs are done, and returns their results; :class:`Failed` for a failed run that was allowed
        to fail.

        :raises RunError, ScenarioError: one has failed that was not let
        """
        while True:
            going = [each for each in self._processes if each.going]
            waiting = [each for each in self._processes if each.percent < 0]
            for process in waiting[: self._jobs - len(going)]:
                process.start()
            if not (going or waiting):
                return [each.outcome for each in self._processes]
            time.sleep(_LOOK_EVERY)
            for process in going:
                process.look(_LOOK_EVERY)
            if self._report is not None:
                self._tell(self._report)

    def _tell(self, report: Report) -> None:
        going = [f"{each.what}: {each.doing}" for each in self._processes if each.going]
        percent = sum(max(each.percent, 0) for each in self._processes) // max(len(self._processes), 1)
        report(percent, ", ".join(dict.fromkeys(going)))

"""One map in a process of its own: what is done to it, and what the process holds beyond what it held before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import RunError
from .machine import resident, resident_peak
from .subjects import Subject


@dataclass(frozen=True)
class Held:
    """Bytes at one moment; None where nobody can tell."""

    counted: int | None
    resident: int | None


class Run:
    """A subject's map, empty at first."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        held = resident()
        self._before = resident_peak() if held is None else held
        self.map: Any = subject.make()

    def resident(self) -> int | None:
        """Bytes that the process holds beyond what it held before the map was made."""
        return self._beyond(resident())

    def resident_peak(self) -> int | None:
        return self._beyond(resident_peak())

    def _beyond(self, held: int | None) -> int | None:
        return None if held is None or self._before is None else max(held - self._before, 0)

    def held(self) -> Held:
        resident = self.resident()  # before counting, which takes some memory
        return Held(self.subject.counted(self.map), resident)

    def check_length(self, added: int) -> None:
        """
        :raises RunError: there are not as many entries as were added
        """
        if len(self.map) != added:
            raise RunError(f"{added:,} entries were added, but {len(self.map):,} are there")

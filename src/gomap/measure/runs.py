"""One map in a process of its own: what is done to it, and what the process holds beyond what it held before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import RunError
from .machine import resident, resident_peak, resident_with_files
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
        self._before, with_files = resident(), resident_with_files()
        self._peak_before = resident_peak() if with_files is None else with_files
        self.map: Any = subject.make()

    def resident(self) -> int | None:
        """Bytes that the process holds beyond what it held before the map was made."""
        return _beyond(resident(), self._before)

    def resident_peak(self) -> int | None:
        return _beyond(resident_peak(), self._peak_before)

    def held(self) -> Held:
        resident = self.resident()  # before counting, which takes some memory
        return Held(self.subject.counted(self.map), resident)

    def check_length(self, added: int) -> None:
        """
        :raises RunError: there are not as many entries as were added
        """
        if len(self.map) != added:
            raise RunError(f"{added:,} entries were added, but {len(self.map):,} are there")


def _beyond(held: int | None, before: int | None) -> int | None:
    return None if held is None or before is None else max(held - before, 0)

"""Times as counts of a unit: the range of each kind, NumPy's times as counts, and what to write instead of what is
refused.

A count is exact or there is none: nothing is rounded, and NumPy's NaT is no count.
"""

from __future__ import annotations

import sys
from math import gcd

from .types import Kind

TYPE_CHECKING = False  # typing takes long to import
if TYPE_CHECKING:
    from typing import Any

#: Kinds whose values are points in time.
DATETIMES = frozenset(Kind(number) for number in range(Kind.DATETIME_S, Kind.UTC_NS + 1))
TIMEDELTAS = frozenset(Kind(number) for number in range(Kind.TIMEDELTA_S, Kind.TIMEDELTA_NS + 1))

_UNITS = ("s", "ms", "us", "ns")
_FIRST_DAY, _LAST_DAY = -719162, 2932896  # 0001-01-01 and 9999-12-31, from 1970-01-01
_DELTA_DAYS = 999_999_999


def unit_of(kind: Kind) -> str:
    """The unit of a time's count, as NumPy spells it."""
    return "D" if kind is Kind.DATE else _UNITS[(kind - Kind.DATETIME_S) % 4]


def dtype_name(kind: Kind) -> str:
    """The NumPy dtype of a time's arrays, which has no zone."""
    return f"{'timedelta64' if kind in TIMEDELTAS else 'datetime64'}[{unit_of(kind)}]"


def _limits(kind: Kind) -> tuple[int, int]:
    if kind is Kind.DATE:
        return _FIRST_DAY, _LAST_DAY
    per_day = 86400 * 1000 ** ((kind - Kind.DATETIME_S) % 4)
    first, last = (-_DELTA_DAYS, _DELTA_DAYS) if kind in TIMEDELTAS else (_FIRST_DAY, _LAST_DAY)
    return max(first * per_day, 1 - 2**63), min((last + 1) * per_day - 1, 2**63 - 1)


#: The least and the largest count of each kind: what the objects of Python can say, and 64 bits hold.
LIMITS = {kind: _limits(kind) for kind in (*sorted(DATETIMES | TIMEDELTAS), Kind.DATE)}

#: The same in words.
RANGES = {
    **dict.fromkeys((*DATETIMES, Kind.DATE), "0001-01-01 to 9999-12-31"),
    **dict.fromkeys(TIMEDELTAS, "-999999999 to 999999999 days"),
    **dict.fromkeys((Kind.DATETIME_NS, Kind.UTC_NS), "1677-09-21 to 2262-04-11"),
    Kind.TIMEDELTA_US: "about 292,000 years either way",
    Kind.TIMEDELTA_NS: "about 292 years either way",
}

# ---- NumPy's times ------------------------------------------------------------------------------------

#: Attoseconds in NumPy's units; a year and a month have no one length.
_ATTOSECONDS = {"W": 604_800 * 10**18, "D": 86_400 * 10**18, "h": 3_600 * 10**18, "m": 60 * 10**18}
_ATTOSECONDS |= {unit: 10 ** (18 - 3 * i) for i, unit in enumerate((*_UNITS, "ps", "fs", "as"))}


def ratio(unit: str, many: int, kind: Kind) -> tuple[int, int] | None:
    """How many units of a kind are as long as how many of `many` units; None: they do not compare."""
    if unit not in _ATTOSECONDS:
        return None
    one, other = many * _ATTOSECONDS[unit], _ATTOSECONDS[unit_of(kind)]
    common = gcd(one, other)
    return one // common, other // common


def arrow_ratio(format: str, kind: Kind) -> tuple[int, int] | None:
    """The ratio of Arrow's times of a format, as its C data interface spells it; None: they are not of this kind."""
    if format in ("tdD", "tdm"):
        fits, unit = kind is Kind.DATE or kind < Kind.UTC_S, "D" if format == "tdD" else "ms"
    else:
        letter, zone = format[2:3], format[4:]
        unit = {"s": "s", "m": "ms", "u": "us", "n": "ns"}.get(letter, "")
        if format.startswith("ts"):  # with any zone, counts are in UTC
            fits = kind in DATETIMES and bool(zone) == (kind >= Kind.UTC_S)
        else:
            fits = format.startswith("tD") and kind in TIMEDELTAS
    return ratio(unit, 1, kind) if fits else None


def scalar_count(scalar: Any, kind: Kind) -> int | str:
    """The count that a datetime64 or timedelta64 is, which may be out of the kind's range; else the reason why it is
    none."""
    np = sys.modules["numpy"]
    if np.isnat(scalar):
        return "NaT is no time"
    if np.datetime_data(scalar.dtype)[0] in ("Y", "M") and scalar.dtype.kind == "M":
        days = scalar.astype("M8[D]")
        if days.astype(scalar.dtype) != scalar:
            return 2**64 if scalar.view("i8") > 0 else -(2**64)  # beyond every range
        scalar = days
    unit, many = np.datetime_data(scalar.dtype)
    scale = ratio(unit, many, kind)
    if scale is None:
        return f"a timedelta64 of {'no unit' if unit == 'generic' else 'years or months'} has no length"
    count, rest = divmod(int(scalar.view("i8")) * scale[0], scale[1])
    return f"it is not whole in {unit_of(kind)!r}" if rest else count


def counts(array: Any, kind: Kind) -> Any:
    """The counts of an array of datetime64 or timedelta64: an array of what a type of this kind stores.

    What has no count of this kind is NaT's number. Returns None where the units do not compare.
    """
    from ._core import scale_counts

    np = sys.modules["numpy"]
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if np.datetime_data(array.dtype)[0] in ("Y", "M") and array.dtype.kind == "M":
        days = array.astype("M8[D]")
        days[days.astype(array.dtype) != array] = "NaT"
        array = days
    unit, many = np.datetime_data(array.dtype)
    scale = ratio(unit, many, kind)
    if scale is None:
        return None
    if scale == (1, 1) and kind is not Kind.DATE:
        return array.view("i8")
    times, parts = (each if each < 2**63 else 0 for each in scale)
    found = np.empty(len(array), "i4" if kind is Kind.DATE else "i8")
    scale_counts(np.ascontiguousarray(array).view("i8"), found, times, parts, kind)
    return found


# ---- what is refused ------------------------------------------------------------------------------------


def expected(kind: Kind) -> str:
    """What a type of this kind takes, in words."""
    if kind is Kind.DATE:
        return "date"
    if kind is Kind.UUID:
        return "UUID"
    if kind in TIMEDELTAS:
        return "timedelta"
    return "an aware datetime" if kind >= Kind.UTC_S else "a naive datetime"


def instead(value: Any, kind: Kind) -> str:
    """What to write instead of a value that is no such time, nothing where nobody can tell."""
    import datetime

    of_datetime = kind in DATETIMES
    if isinstance(value, datetime.datetime):
        if kind is Kind.DATE:
            return "; write .date() behind it"
        if of_datetime and kind >= Kind.UTC_S:
            return "; if it is UTC, write .replace(tzinfo=timezone.utc) behind it"
        if of_datetime:
            return (
                f"; write the type 'datetime64[{unit_of(kind)}, UTC]', or .replace(tzinfo=None) behind the datetime "
                "to drop its zone"
            )
    elif isinstance(value, datetime.date) and of_datetime:
        return "; write datetime.combine(the date, time())"
    if isinstance(value, (str, bytes, int, float)):
        return _made_of(value, kind)
    return ""


def _made_of(value: str | bytes | float, kind: Kind) -> str:
    """The call that makes a time or a UUID of text or of a number."""
    if kind is Kind.UUID:
        name = {str: "UUID(...)", bytes: "UUID(bytes=...)", int: "UUID(int=...)"}.get(type(value))
        return f"; write {name}" if name else ""
    if isinstance(value, str) and kind not in TIMEDELTAS:
        return f"; write {'date' if kind is Kind.DATE else 'datetime'}.fromisoformat(...)"
    if isinstance(value, (int, float)) and kind in TIMEDELTAS:
        return "; write timedelta(seconds=...)"
    if isinstance(value, (int, float)) and kind in DATETIMES:
        zone = ", timezone.utc" if kind >= Kind.UTC_S else ""
        return f"; write datetime.fromtimestamp(...{zone}), or whatever the number says"
    return ""

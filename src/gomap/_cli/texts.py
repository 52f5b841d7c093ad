"""Values of every type as text, and text as values: keys and values of saved maps, cells whose type is given.

    int8 to uint64    42
    float32, float64  -1.5, 1e9, nan
    bool              true, false
    string            the text itself
    [N]byte, bytes    0x and hexadecimal digits; or text, which is taken in UTF-8. [N]byte also without 0x
    date              2024-07-01
    datetime64        2024-07-01T12:30:00; with UTC in the type also its zone, Z or +02:00
    timedelta64       seconds, or as Python prints it: 1 day, 2:03:04.5
    uuid              2f8b6f0e-5d3c-4c1e-9b0a-7d5c2f1e8a34
    struct            its fields as a row of CSV; a struct in a struct is its fields

What :func:`text_of` writes, :func:`read` reads as an equal value.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from math import isfinite
from typing import Any
from uuid import UUID

from .._libraries import library
from .._times import DATETIMES, TIMEDELTAS
from .._words import shown
from ..types import Kind, Type

_FLOATS = (Kind.FLOAT32, Kind.FLOAT64)
_NANOSECONDS = (Kind.DATETIME_NS, Kind.UTC_NS, Kind.TIMEDELTA_NS)
_BOOLS = {"true": True, "false": False, "1": True, "0": False}
#: A part of a second that is finer than microseconds, which Python's datetime drops.
_FINER = re.compile(r"(?<=[.,][0-9]{6})[0-9]+")
_DURATION = re.compile(r"(?:(-?[0-9]{1,9}) days?, )?([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?")
_SECONDS = re.compile(r"(-?)([0-9]{1,15})(?:\.([0-9]{1,9}))?")


def read(type: Type, text: str) -> Any:
    """The value that a text says.

    :raises ValueError: it says none of this type; the message tells what was expected
    """
    if type.kind is not Kind.STRUCT:
        return _READERS.get(type.kind, _int)(text, type)
    longest = csv.field_size_limit(max(len(text), 1))
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        rows = []
    finally:
        csv.field_size_limit(longest)
    cells = rows[0] if len(rows) == 1 else []
    expected = _count(type)
    if len(cells) != expected:
        fields = "1 field" if expected == 1 else f"{expected} fields with commas between them"
        raise ValueError(f"expected {fields} for {type}, got {shown(text)}")
    return _struct(type, iter(cells))


def text_of(type: Type, value: Any) -> str:
    """A value as a text; the value is as a map gives it."""
    if type.kind is not Kind.STRUCT:
        return _text(type, value)
    row = io.StringIO()
    csv.writer(row, lineterminator="").writerow(_cells(type, value))
    return row.getvalue()


def json_of(type: Type, value: Any) -> Any:
    """A value as JSON has it: a struct as an object, what JSON has no kind for as a text. NaN and infinity are none of
    its numbers."""
    if type.kind is Kind.STRUCT:
        return {field.name: json_of(field.type, each) for field, each in zip(type.fields, value, strict=True)}
    if isinstance(value, (bool, int, str)) or (isinstance(value, float) and isfinite(value)):
        return value
    return _text(type, value)


def fitting(type: Type, cell: Any) -> Callable[[Any], Any] | None:
    """What makes of the cells of a column values of a type; None: they go in as they are.

    Texts are read. Whole numbers are written where the type is ``string``, which gives the text that the file has. Rows
    are a struct's fields: by name if the columns have the fields' names, else in their order.

    :param cell: one of them; rows are tuples, or dicts where a cell has a row in it
    """
    if isinstance(cell, str) and type.kind is not Kind.STRING:
        return lambda each: read(type, each) if isinstance(each, str) else each
    if isinstance(cell, int) and not isinstance(cell, bool) and type.kind is Kind.STRING:
        return lambda each: str(each) if isinstance(each, int) else each
    if type.kind is Kind.STRUCT and isinstance(cell, (tuple, dict)) and len(cell) == len(type.fields):
        return _fitting_row(type, cell)
    return None


def _fitting_row(type: Type, row: tuple[Any, ...] | dict[str, Any]) -> Callable[[Any], Any] | None:
    fields = tuple(field.name for field in type.fields)
    columns = tuple(row) if isinstance(row, dict) else getattr(row, "_fields", fields)
    by_name = set(columns) == set(fields)
    # An item's name in a dict, its number in a tuple.
    places: list[Any] = [columns.index(field) if by_name else i for i, field in enumerate(fields)]
    if isinstance(row, dict):
        places = [columns[i] for i in places]
    parts = [(at, fitting(field.type, row[at])) for field, at in zip(type.fields, places, strict=True)]
    if by_name and not any(part for _, part in parts):
        return None
    names = row.keys() if isinstance(row, dict) else None

    def fields_of(row: Any) -> Any:
        if names is not None and not (isinstance(row, dict) and row.keys() == names):
            return row  # which the map refuses in its own words
        return tuple([part(row[at]) if part else row[at] for at, part in parts])

    return fields_of


# ---- structs ----------------------------------------------------------------------------------------


def _count(type: Type) -> int:
    return sum(map(_count, (field.type for field in type.fields))) if type.fields else 1


def _struct(type: Type, cells: Iterator[str]) -> tuple[Any, ...]:
    made = []
    for field in type.fields:
        if field.type.kind is Kind.STRUCT:
            made.append(_struct(field.type, cells))
            continue
        try:
            made.append(_READERS.get(field.type.kind, _int)(next(cells), field.type))
        except ValueError as error:
            raise ValueError(f"field {field.name!r}: {error}") from None
    return tuple(made)


def _cells(type: Type, value: Any) -> Iterator[str]:
    for field, each in zip(type.fields, value, strict=True):
        if field.type.kind is Kind.STRUCT:
            yield from _cells(field.type, each)
        else:
            yield _text(field.type, each)


# ---- reading ----------------------------------------------------------------------------------------


def _refused(what: str, text: str, type: Type) -> ValueError:
    return ValueError(f"expected {what} for {type}, got {shown(text)}")


def _by(convert: Callable[[str], Any], what: str) -> Callable[[str, Type], Any]:
    """A reader of what one call makes of a text."""

    def made(text: str, type: Type) -> Any:
        try:
            return convert(text)
        except (KeyError, ValueError):
            raise _refused(what, text, type) from None

    return made


def _bytes(text: str, type: Type) -> bytes:
    marked = text[:2] in ("0x", "0X")
    made = None
    with suppress(ValueError):
        made = bytes.fromhex(text[2:] if marked else text)
    if type.kind is Kind.VARBYTES:
        if marked and made is None:
            raise _refused("pairs of hexadecimal digits behind 0x", text, type)
        return made if marked and made is not None else _encoded(text, type)
    # No text is as long as the bytes that it says in hexadecimal.
    for each in (made, _encoded(text, type)):
        if each is not None and len(each) == type.size:
            return each
    one = "1 byte" if type.size == 1 else f"{type.size:,} bytes"
    raise _refused(f"{one} as text or {2 * type.size:,} hexadecimal digits", text, type)


def _encoded(text: str, type: Type) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise _refused("text in UTF-8, or 0x and hexadecimal digits,", text, type) from None


def _datetime(text: str, type: Type) -> Any:
    utc = type.kind >= Kind.UTC_S
    what = f"a time such as 2024-07-01T12:30:00{'Z, with its zone,' if utc else ''}"
    finer = _FINER.search(text)
    digits = finer[0].rstrip("0") if finer else ""
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        raise _refused(what, text, type) from None
    if (time.utcoffset() is not None) != utc:
        raise _refused(what if utc else f"{what}, without a zone,", text, type)
    if not digits:
        return time
    if type.kind not in _NANOSECONDS or len(digits) > 3:
        raise _refused(f"{what}, and nothing finer than the unit,", text, type)
    if utc:
        time = time.replace(tzinfo=None) - (time.utcoffset() or timedelta())
    numpy = _numpy()
    if not 1678 <= time.year <= 2261:
        raise _refused("a time from 1677-09-21 to 2262-04-11", text, type)
    return numpy.datetime64(time, "us").astype("M8[ns]") + numpy.timedelta64(int(digits.ljust(3, "0")), "ns")


def _timedelta(text: str, type: Type) -> Any:
    what = "seconds, or a duration such as 1:30:00 or '2 days, 0:00:05',"
    if match := _SECONDS.fullmatch(text.strip()):
        sign, seconds, part = match.groups()
        count = int(seconds) * 10**9 + int((part or "").ljust(9, "0"))
        count = -count if sign else count
    elif match := _DURATION.fullmatch(text.strip()):
        days, hours, minutes, seconds, part = match.groups()
        whole = int(days or 0) * 86400 + int(hours) * 3600 + int(minutes) * 60 + int(seconds)
        count = whole * 10**9 + int((part or "").ljust(9, "0"))
    else:
        raise _refused(what, text, type)
    if count % 1000 == 0:
        with suppress(OverflowError):
            return timedelta(microseconds=count // 1000)
    elif type.kind in _NANOSECONDS and abs(count) < 2**63:
        return _numpy().timedelta64(count, "ns")
    raise _refused(f"{what} that it can hold,", text, type)


def _numpy() -> Any:
    return library("numpy", "nanoseconds take NumPy", "pip install numpy")


_int = _by(int, "a whole number")
#: Of all kinds but integers.
_READERS: dict[Kind, Callable[[str, Type], Any]] = {
    Kind.STRING: lambda text, _: text,
    Kind.BOOL: _by(lambda text: _BOOLS[text.strip().lower()], "true or false"),
    Kind.DATE: _by(lambda text: date.fromisoformat(text.strip()), "a date such as 2024-07-01"),
    Kind.UUID: _by(lambda text: UUID(text.strip()), "a UUID of 32 hexadecimal digits"),
    **dict.fromkeys((Kind.BYTES, Kind.VARBYTES), _bytes),
    **dict.fromkeys(_FLOATS, _by(float, "a number")),
    **dict.fromkeys(DATETIMES, _datetime),
    **dict.fromkeys(TIMEDELTAS, _timedelta),
}


# ---- writing ----------------------------------------------------------------------------------------


def _text(type: Type, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (bytes, bytearray)):
        return f"0x{value.hex()}"
    if isinstance(value, datetime):
        return value.isoformat()
    if type.kind is Kind.TIMEDELTA_NS:
        microseconds, rest = divmod(int(value.astype("i8")), 1000)
        text = str(timedelta(microseconds=microseconds))
        if not rest:
            return text
        return f"{text if microseconds % 10**6 else text + '.000000'}{rest:03}"
    if type.kind is Kind.UTC_NS:
        return f"{value}+00:00"
    return str(value)

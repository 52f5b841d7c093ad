"""What to write instead: of a call without types, and of a type's name that is another's."""

from __future__ import annotations

from _collections_abc import Collection, Iterable, Mapping, Set

from ._words import name_of, shown

TYPE_CHECKING = False  # typing takes long to import
if TYPE_CHECKING:
    from typing import Any

#: Types whose name is a spelling.
_PLAIN = (bool, int, float, str, bytes)
#: Classes of modules that are not imported here; their names in small letters spell them.
_LIBRARY = ("datetime.datetime", "datetime.date", "datetime.timedelta", "uuid.UUID")
#: What times and UUIDs are called elsewhere.
_ELSEWHERE = {
    "M8": "datetime64[us]",
    "m8": "timedelta64[us]",
    "timestamp": "datetime64[us]",
    "duration": "timedelta64[us]",
    "date32": "date",
    "date64": "datetime64[ms]",
    "UUID": "uuid",
}
#: NumPy's letters for its kinds of number.
_LETTERS = {"i": "int", "u": "uint", "f": "float"}


def call_without_types(cls: type, given: tuple[Any, ...]) -> TypeError:
    """The error for ``cls(*given)``, a map or a set made without its types.

    :param given: the positional arguments, fewer than there are types
    """
    name = cls.__name__
    is_set = any(base.__name__ == "Set" for base in cls.__mro__)
    expected = "a key type" if is_set else "a key type and a value type"
    named = next((base for base in getattr(cls, "__orig_bases__", ()) if getattr(base, "__args__", ())), None)
    if named is not None and not given:
        types = ", ".join(_spelled(each) for each in named.__args__)
        return TypeError(f"{name}: expected {expected}, got none; write {name}({types})")
    if not given:
        example = f"{name}(int)" if is_set else f"{name}(int, float)"
        return TypeError(f"{name}: expected {expected}, got none; write {example}, with the types that you need")
    (first,) = given
    if _spells(first):
        spelled = _spelled(first)
        return TypeError(
            f"{name}: expected {expected}, got one type; write {name}({spelled}, float), or other types, or "
            f"Set({spelled}) for keys alone"
        )
    if not isinstance(first, Iterable):
        return TypeError(
            f"{name}: expected {expected}, got {name_of(type(first))} {shown(first)}; write {name}(int, float)"
        )
    types = _types_of(first, is_set)
    return TypeError(
        f"{name}: expected {expected} first, got {name_of(type(first))} {shown(first)}; "
        f"write {name}({types}, {shown(first) if len(shown(first)) <= 30 else '...'}); "
        "gomap.advise() finds the types of what there is"
    )


def may_be_type(thing: object) -> bool:
    """Whether it may spell a type, or be meant to: a collection of keys does not."""
    return _spells(thing) or not isinstance(thing, Iterable)


def _spells(thing: object) -> bool:
    """Whether it is a spelling, a Python type, a NumPy dtype or a Type."""
    return isinstance(thing, (str, type)) or hasattr(thing, "kind")


def _spelled(spelling: object) -> str:
    return spelling.__name__ if isinstance(spelling, type) else repr(str(spelling))


def _types_of(items: object, is_set: bool) -> str:
    """Types for what was given, by its first entry."""
    first: tuple[Any, ...] = ()
    try:
        if isinstance(items, Mapping):
            first = next(iter(items.items()))
        elif isinstance(items, (list, tuple, Set)):
            one = next(iter(items))
            first = (one,) if is_set else tuple(one)
    except Exception:  # whatever it is, the error to report is another
        pass
    count = 1 if is_set else 2
    kinds = [type(each) for each in first][:count] or [int, float][:count]
    return ", ".join(kind.__name__ if kind in _PLAIN else _of_library(kind) for kind in kinds)


def _of_library(kind: type) -> str:
    return repr(kind.__name__.lower()) if f"{kind.__module__}.{kind.__name__}" in _LIBRARY else "object"


def other_name(word: str, known: Collection[str]) -> str:
    """What a word was meant to be that names no type, in words; nothing where nobody can tell."""
    text = word.lstrip("<>=|")
    kind, digits = text[:1], text[1:]
    if kind in _LETTERS and digits in ("1", "2", "4", "8"):
        name = f"{_LETTERS[kind]}{8 * int(digits)}"
        if name in known:
            return f"NumPy's {word!r} is {name!r} here;"
    if word in _ELSEWHERE:
        return f"{word!r} is {_ELSEWHERE[word]!r} here;"
    from difflib import get_close_matches  # which takes as long to import as all of gomap

    if word.rstrip("0123456789") in known:  # a width that there is not: none is close to it
        return ""
    close = get_close_matches(word, known, 1)
    return f"did you mean {close[0]!r}?" if close else ""

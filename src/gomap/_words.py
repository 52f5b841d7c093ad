"""Objects and errors in words: short, on one line, whatever the objects' own methods do. And the error for what is no
int."""

from __future__ import annotations

from operator import index

_MOST = 60  # characters of an object
_MOST_SAID = 300  # of a message


def shown(thing: object) -> str:
    """An object's repr, short; something else where that fails, as it does for an int of very many digits."""
    if type(thing) is str or type(thing) is bytes:
        thing = thing[:_MOST]
    try:
        text = str(repr(thing))
    except Exception:
        text = f"an int of {thing.bit_length()} bits" if type(thing) is int else f"a {name_of(type(thing))}"
    return _short(printable(text), _MOST)


def told(error: BaseException) -> str:
    """An exception's type and message."""
    try:
        message = str(error)
    except BaseException:  # raised by the exception itself, which may be of any library
        message = ""
    return brief(": ".join(filter(None, (name_of(type(error)), message))))


def brief(text: str) -> str:
    """What others have written, printable and short."""
    return _short(printable(text), _MOST_SAID)


def reason(error: OSError) -> str:
    """Why the system refused something."""
    return error.strerror or told(error)


def name_of(kind: type) -> str:
    """A class's name, whatever its metaclass says."""
    name: str = type.__dict__["__name__"].__get__(kind)
    return name


def number(count: int) -> str:
    """An int with its thousands apart; of one with very many digits, how many bits it has."""
    return f"{count:,}" if count.bit_length() < 256 else f"an int of {count.bit_length():,} bits"


def whole(what: str, given: object) -> int:
    """The int that was given.

    :raises TypeError: it is none
    """
    try:
        if not isinstance(given, bool):
            return index(given)  # type: ignore[arg-type]
    except TypeError:
        pass
    raise TypeError(f"{what}: expected int, got {name_of(type(given))} {shown(given)}")


def entries_of(count: int) -> str:
    """So many entries, in words."""
    return f"{count:,} {'entry' if count == 1 else 'entries'}"


def printable(text: str) -> str:
    """On one line, and without what a terminal would obey."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    return " " if character.isspace() else character.encode("unicode_escape").decode("ascii")


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."

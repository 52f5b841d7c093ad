"""The types of keys and values: how they are spelled, how wide they are, what Python sees.

A type is spelled as Go spells it (``"int"``, ``"uint8"``, ``"[128]byte"``, ``"*[128]byte"``, ``"string"``,
``"any"``, ``"struct{refcount uint32; size uint32}"``, ``"struct{}"``), times as NumPy and pandas spell them
(``"datetime64[us]"``, ``"datetime64[us, UTC]"``, ``"timedelta64[ns]"``), as a Python type (``int``, ``float``,
``bool``, ``str``, ``bytes``, ``object``, ``datetime``, ``date``, ``timedelta``, ``UUID``) or None, or as a NumPy dtype
or scalar type that names one of these.
"""

from __future__ import annotations

import sys

from ._hints import other_name
from ._libraries import loaded

TYPE_CHECKING = False  # typing, dataclasses, enum and re take longer to import than all of gomap
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from typing import Any, ClassVar, NoReturn, Self

__all__ = ["Field", "Kind", "Type", "parse", "parse_map"]

#: The longest fixed number of bytes: a size fits 32 bits with room for rounding.
MAX_BYTES = 2**31 - 1

#: How deep structs may lie in each other: whatever goes through them may do so by recursion.
MAX_DEPTH = 32

#: The core's limits for structs with strings (csrc/gomap.h): strings in one, and bytes of one as a key.
MAX_STRINGS = 255
MAX_KEY_WITH_STRINGS = 128


class _Kinds(type):
    """What a class of ``enum`` does: ``for kind in Kind``, ``Kind["INT8"]``, ``len(Kind)``, ``Kind.__members__``."""

    def __iter__(cls) -> Iterator[Kind]:
        return iter(_KINDS)

    def __reversed__(cls) -> Iterator[Kind]:
        return reversed(_KINDS)

    def __len__(cls) -> int:
        return len(_KINDS)

    def __contains__(cls, thing: object) -> bool:
        return thing in _KINDS

    def __getitem__(cls, name: str) -> Kind:
        return cls.__members__[name]

    @property
    def __members__(cls) -> dict[str, Kind]:
        return dict(zip(_NAMES, _KINDS, strict=True))

    def __setattr__(cls, name: str, value: object) -> None:
        if name in _NAMES:
            raise AttributeError(f"cannot reassign member {name!r}")
        super().__setattr__(name, value)


class Kind(int, metaclass=_Kinds):
    """What the bytes of a value are. The binding (``_core/layouts.pxi``) has the same in the same order.

    It behaves as an ``enum.IntEnum``, but is none: ``enum`` takes longer to import than all of gomap.
    """

    BOOL: ClassVar[Kind]
    INT8: ClassVar[Kind]
    INT16: ClassVar[Kind]
    INT32: ClassVar[Kind]
    INT64: ClassVar[Kind]
    UINT8: ClassVar[Kind]
    UINT16: ClassVar[Kind]
    UINT32: ClassVar[Kind]
    UINT64: ClassVar[Kind]
    FLOAT32: ClassVar[Kind]
    FLOAT64: ClassVar[Kind]
    BYTES: ClassVar[Kind]
    NOTHING: ClassVar[Kind]
    STRING: ClassVar[Kind]
    VARBYTES: ClassVar[Kind]
    STRUCT: ClassVar[Kind]
    OBJECT: ClassVar[Kind]
    DATETIME_S: ClassVar[Kind]
    DATETIME_MS: ClassVar[Kind]
    DATETIME_US: ClassVar[Kind]
    DATETIME_NS: ClassVar[Kind]
    UTC_S: ClassVar[Kind]
    UTC_MS: ClassVar[Kind]
    UTC_US: ClassVar[Kind]
    UTC_NS: ClassVar[Kind]
    TIMEDELTA_S: ClassVar[Kind]
    TIMEDELTA_MS: ClassVar[Kind]
    TIMEDELTA_US: ClassVar[Kind]
    TIMEDELTA_NS: ClassVar[Kind]
    DATE: ClassVar[Kind]
    UUID: ClassVar[Kind]

    __slots__ = ()

    @property
    def name(self) -> str:
        return _NAMES[self]

    @property
    def value(self) -> int:
        return int(self)

    def __new__(cls, number: object) -> Kind:
        if isinstance(number, int) and 0 <= number < len(_KINDS):
            return _KINDS[number]
        raise ValueError(f"{number!r} is not a valid Kind")

    def __repr__(self) -> str:
        return f"<Kind.{self.name}: {int(self)}>"

    def __str__(self) -> str:
        return str(int(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return Kind, (int(self),)


_NAMES = list(Kind.__annotations__)
_KINDS = [int.__new__(Kind, number) for number in range(len(_NAMES))]
for _kind in _KINDS:
    type.__setattr__(Kind, _kind.name, _kind)


class _Fixed:
    """An immutable object: its values are given when it is made, and it is compared by them."""

    __slots__ = ()
    __match_args__: tuple[str, ...] = ()

    def _set(self, *values: object) -> None:
        for name, value in zip(self.__match_args__, values, strict=True):
            object.__setattr__(self, name, value)

    def _values(self) -> tuple[Any, ...]:
        return tuple([getattr(self, name) for name in self.__match_args__])

    def _compared(self) -> tuple[Any, ...]:
        return self._values()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"cannot assign to {name!r}: a {type(self).__name__} cannot be changed")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"cannot delete {name!r}: a {type(self).__name__} cannot be changed")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._compared() == other._compared()

    def __hash__(self) -> int:
        return hash(self._compared())

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{type(self).__name__}({shown})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._values()

    def __replace__(self, **changes: Any) -> Self:
        return type(self)(**dict(zip(self.__match_args__, self._values(), strict=True)) | changes)


class Field(_Fixed):
    """A field of a struct.

    :ivar name: its name
    :ivar type: what it holds
    :ivar offset: how many bytes of the struct come before it
    """

    __slots__ = __match_args__ = ("name", "type", "offset")

    name: str
    type: Type
    offset: int

    def __init__(self, name: str, type: Type, offset: int) -> None:
        self._set(name, type, offset)


class Type(_Fixed):
    """A key or value type.

    :ivar name: its spelling, as in Go
    :ivar kind: what its bytes are
    :ivar size: bytes of one, without the reference of a pointer; a struct's include its padding
    :ivar pointer: spelled ``*T``: stored in a record, the bucket holding a reference
    :ivar fields: what a struct consists of, laid out as C would; empty for any other type

    Types are equal when they store the same: ``int`` and ``int64`` are, ``int64`` and ``datetime64[us]`` are not.
    Structs are when their fields are, names included.
    """

    __slots__ = __match_args__ = ("name", "kind", "size", "pointer", "fields")

    name: str
    kind: Kind
    size: int
    pointer: bool
    fields: tuple[Field, ...]

    def __init__(self, name: str, kind: Kind, size: int, pointer: bool = False, fields: tuple[Field, ...] = ()) -> None:
        self._set(name, kind, size, pointer, fields)
        self._check()

    def _compared(self) -> tuple[Any, ...]:
        return self._values()[1:]

    def _check(self) -> None:
        kind = Kind(self.kind)
        if kind is Kind.STRUCT:
            self._check_fields()
            return
        if self.fields:
            raise ValueError(f"type {self.name}: {kind.name} has no fields")
        fits = 0 <= self.size <= MAX_BYTES if kind is Kind.BYTES else self.size == _SIZES[kind]
        if not fits:
            raise ValueError(f"type {self.name}: {kind.name} has no size of {self.size} bytes")

    def _check_fields(self) -> None:
        if not self.fields:
            raise ValueError(f"type {self.name}: a struct without fields is Kind.NOTHING")
        names: set[str] = set()
        for each in self.fields:
            reason = _name_refused(each.name, names)
            if reason is not None:
                raise ValueError(f"type {self.name}: {reason}")
            names.add(each.name)
            if each.type.kind not in _IN_STRUCTS or each.type.pointer:
                raise ValueError(f"type {self.name}: field {each.name!r} is {each.type}: {_FIELDS}")
        if (self.fields, self.size) != _lay_out((each.name, each.type) for each in self.fields):
            raise ValueError(f"type {self.name}: the fields' offsets or the size are not those of a C struct")
        if self.size > MAX_BYTES:
            raise ValueError(f"type {self.name}: {_TOO_LARGE}")
        if len(string_offsets(self)) > MAX_STRINGS:
            raise ValueError(f"type {self.name}: {_TOO_MANY_STRINGS}")

    def __str__(self) -> str:
        return self.name

    @property
    def namedtuple(self) -> type[tuple[Any, ...]]:
        """The class of a struct's Python values, a named tuple; the same for types that are equal.

        :raises TypeError: the type is no struct
        """
        if self.kind is not Kind.STRUCT:
            raise TypeError(f"namedtuple: expected a struct type, got {self}")
        from ._struct_classes import class_of

        return class_of(self, _restore_struct)


_SUPPORTED = (
    "int, int8 to int64, uint, uint8 to uint64, byte, rune, float32, float64, bool, [N]byte, string, bytes, "
    "date, datetime64[unit], datetime64[unit, UTC], timedelta64[unit], uuid, any, struct{name T; ...}, *T, struct{}"
)
_FIELDS = "expected a field type: a number, bool, [N]byte, string, bytes, a time, uuid, or a struct of these"
_TOO_LARGE = f"a struct takes at most {MAX_BYTES} bytes"
_TOO_MANY_STRINGS = f"a struct has at most {MAX_STRINGS} fields of string and bytes"

_SIZES = {
    **dict.fromkeys((Kind.BOOL, Kind.INT8, Kind.UINT8), 1),
    **dict.fromkeys((Kind.INT16, Kind.UINT16), 2),
    **dict.fromkeys((Kind.INT32, Kind.UINT32, Kind.FLOAT32, Kind.DATE), 4),
    **dict.fromkeys((Kind.INT64, Kind.UINT64, Kind.FLOAT64, Kind.OBJECT), 8),
    **dict.fromkeys((Kind.STRING, Kind.VARBYTES, Kind.UUID), 16),
    Kind.NOTHING: 0,
}
#: A time is a count of one of these.
_UNITS = ("s", "ms", "us", "ns")
#: What is written around the unit, for each kind of time.
_TIMES = {"datetime64[{}]": "DATETIME", "datetime64[{}, UTC]": "UTC", "timedelta64[{}]": "TIMEDELTA"}
_TIME_KINDS = {
    form.format(unit): getattr(Kind, f"{name}_{unit.upper()}") for form, name in _TIMES.items() for unit in _UNITS
}
_SIZES |= dict.fromkeys(_TIME_KINDS.values(), 8)
_IN_STRUCTS = frozenset(Kind) - {Kind.NOTHING, Kind.OBJECT}
_STRINGS = (Kind.STRING, Kind.VARBYTES)
_NAMED = {
    **{kind.name.lower(): kind for kind in (*_KINDS[: Kind.BYTES], Kind.STRING, Kind.DATE, Kind.UUID)},
    "int": Kind.INT64,
    "rune": Kind.INT32,
    "uint": Kind.UINT64,
    "byte": Kind.UINT8,
    "bytes": Kind.VARBYTES,
    "any": Kind.OBJECT,
    **_TIME_KINDS,
}
_DIGITS = tuple("0123456789")
_ALIASES = {
    "float": "float64",
    "str": "string",
    "object": "any",
    "datetime64[D]": "date",
    "datetime": "datetime64[us]",
    "datetime[UTC]": "datetime64[us, UTC]",
    "timedelta": "timedelta64[us]",
}
_PYTHON: dict[Any, str] = {
    bool: "bool",
    int: "int",
    float: "float64",
    str: "string",
    bytes: "bytes",
    object: "any",
    type(None): "struct{}",
}
#: Classes of modules that only their users import.
_LIBRARY = {
    "datetime": {"date": "date", "datetime": "datetime64[us]", "timedelta": "timedelta64[us]"},
    "uuid": {"UUID": "uuid"},
}


# ---- structs ------------------------------------------------------------------------------------------


def alignment_of(type: Type) -> int:
    """The alignment of a field of this type, in C on the usual 64-bit machines."""
    if type.kind is Kind.STRUCT:
        return max(alignment_of(each.type) for each in type.fields)
    if type.kind in _STRINGS:
        return 8
    return 1 if type.kind in (Kind.BYTES, Kind.UUID) else type.size


def string_offsets(type: Type) -> list[int]:
    """Where ``string`` and ``bytes`` stand among the bytes of a type, in ascending order."""
    if type.kind is Kind.STRUCT:
        return [each.offset + offset for each in type.fields for offset in string_offsets(each.type)]
    return [0] if type.kind in _STRINGS else []


def _lay_out(members: Iterable[tuple[str, Type]]) -> tuple[tuple[Field, ...], int]:
    """The fields with their offsets, and the struct's size."""
    fields, size, widest = [], 0, 1
    for name, type in members:
        alignment = alignment_of(type)
        size = -(-size // alignment) * alignment
        fields.append(Field(name, type, size))
        size += type.size
        widest = max(widest, alignment)
    return tuple(fields), -(-size // widest) * widest


def _struct(members: Collection[tuple[str, Type]]) -> Type:
    fields, size = _lay_out(members)
    spelling = "; ".join(f"{name} {type}" for name, type in members)
    return Type(f"struct{{{spelling}}}", Kind.STRUCT, size, fields=fields)


def _name_refused(name: str, names: Collection[str]) -> str | None:
    """Why a struct that has fields of these names cannot have one of this name, by a named tuple's rules; None if it
    can."""
    if not name.isidentifier():
        return f"a field's name must be a Python identifier, got {name!r}"
    import keyword
    import unicodedata

    if keyword.iskeyword(name):
        return f"a field cannot be named {name!r}, a keyword of Python"
    if name.startswith("_"):
        return f"a field's name cannot begin with an underscore, {name!r} does"
    normal = unicodedata.normalize("NFKC", name)
    if name != normal:  # attributes are looked up by what Python normalises them to
        return f"a field's name is spelled as Python normalises it, as {normal!r}, got {name!r}"
    if name in names:
        return f"there is a field {name!r} already"
    return None


def _restore_struct(name: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """A pickled or copied value of a struct. A pickled map with strings has many of one struct."""
    cls = _restored.get(name)
    if cls is None:
        cls = parse(name).namedtuple
        if len(_restored) >= 50:
            _restored.clear()
        _restored[name] = cls
    return cls(*values)


#: The classes of the last structs restored, by their spellings: reading one takes a hundred times as long as a value.
_restored: dict[str, type[tuple[Any, ...]]] = {}


# ---- spellings ----------------------------------------------------------------------------------------


class _Parser:
    """Reads one spelling from left to right; an error shows it and where reading stopped."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0

    def fail(self, reason: str, at: int | None = None) -> NoReturn:
        at = self.at if at is None else at
        shown = "".join(" " if each.isspace() else each for each in self.text)  # on one line
        if len(shown) > 80:  # keep the place in sight
            start = max(0, at - 40)
            shown, at = "..." + shown[start : start + 80], at - start + 3
        raise ValueError(f"{reason}\n    {shown}\n    {' ' * at}^")

    def refuse(self, role: str, of_key: str, at: int) -> None:
        """For what is neither a key nor a field."""
        if role in ("key", "field"):
            self.fail(of_key if role == "key" else _FIELDS, at)

    def blank(self) -> None:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1

    def take(self, symbol: str) -> bool:
        self.blank()
        if not self.text.startswith(symbol, self.at):
            return False
        self.at += len(symbol)
        return True

    def expect(self, symbol: str, after: str) -> None:
        if not self.take(symbol):
            self.fail(f"expected {symbol!r} after {after}")

    def end(self) -> None:
        self.blank()
        if self.at < len(self.text):
            self.fail("expected the end of the type here")

    def run(self, first: Callable[[str], bool], others: Callable[[str], bool]) -> str:
        """The characters from here on that are such; none where the first is not."""
        at = self.at
        if first(self.text[at : at + 1]):
            at += 1
            while others(self.text[at : at + 1]):
                at += 1
        found, self.at = self.text[self.at : at], at
        return found

    def word(self) -> str:
        """In ASCII."""
        return self.run(
            lambda each: each.isascii() and each.isidentifier(),
            lambda each: each.isascii() and ("a" + each).isidentifier() and each != "",
        )

    def type(self, role: str) -> Type:
        self.blank()
        start = self.at
        if self.take("*"):
            self.refuse(role, "a key cannot be a pointer", start)
            if self.take("*"):
                self.fail("a pointer to a pointer is not supported", start)
            pointed = self.type("pointed-to")
            return Type("*" + pointed.name, pointed.kind, pointed.size, pointer=True, fields=pointed.fields)
        if self.take("["):
            return self.array()
        word = self.word()
        if not word:
            spelled = self.text[start:].strip()
            meant = other_name(spelled, _NAMED) if spelled[:1] in tuple("<>=|") else ""
            expected = _FIELDS if role == "field" else f"expected a {role} type: {_SUPPORTED}"
            self.fail(f"{meant and meant + ' '}{expected}")
        if word == "struct":
            return self.struct(role, start)
        if word == "interface":
            self.expect("{", "'interface'")
            if not self.take("}"):
                self.fail("only the interface without methods is supported: expected '}' here")
            name = "any"
        else:
            name = self.time(word) if word in ("datetime64", "timedelta64", "datetime") else word
            name = _ALIASES.get(name, name)
        if name not in _NAMED:
            meant = other_name(word, [*_NAMED, *_ALIASES])
            expected = _FIELDS if role == "field" else f"expected {_SUPPORTED}"
            self.fail(f"unknown type {word!r}: {meant and meant + ' '}{expected}", start)
        if role == "field" and _NAMED[name] not in _IN_STRUCTS:
            self.fail(_FIELDS, start)
        return Type(name, _NAMED[name], _SIZES[_NAMED[name]])

    def time(self, word: str) -> str:
        """The name of a time, whose unit or zone stands between brackets."""
        if word == "datetime":
            if not self.take("["):
                return word
            self.zone()
            self.expect("]", "the time zone")
            return "datetime[UTC]"
        self.expect("[", repr(word))
        self.blank()
        start = self.at
        unit = self.word()
        if unit == "D" and word == "datetime64":
            self.expect("]", "the unit")
            return "datetime64[D]"
        if unit not in _UNITS:
            days = ", or D for dates" if word == "datetime64" else ""
            self.fail(f"the units of {word} are {', '.join(_UNITS)}{days}", start)
        zone = ""
        if word == "datetime64" and self.take(","):
            self.zone()
            zone = ", UTC"
        self.expect("]", "the unit")
        return f"{word}[{unit}{zone}]"

    def zone(self) -> None:
        self.blank()
        start = self.at
        if self.word() != "UTC":
            self.fail("the only time zone is UTC, to which values of other zones are converted", start)

    def struct(self, role: str, start: int) -> Type:
        self.expect("{", "'struct'")
        if self.take("}"):
            self.refuse(role, "a key cannot be struct{}, which holds nothing", start)
            return Type("struct{}", Kind.NOTHING, _SIZES[Kind.NOTHING])
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"structs can be nested at most {MAX_DEPTH} deep", start)
        members: dict[str, Type] = {}
        taken: set[str] = set()
        while not self.take("}"):
            self.members(members, taken)
        self.depth -= 1
        if _lay_out(members.items())[1] > MAX_BYTES:
            self.fail(_TOO_LARGE, start)
        if sum(len(string_offsets(each)) for each in members.values()) > MAX_STRINGS:
            self.fail(_TOO_MANY_STRINGS, start)
        made = _struct(members.items())
        if role == "key" and made.size > MAX_KEY_WITH_STRINGS and string_offsets(made):
            self.fail(
                "a key that is a struct with string or bytes fields takes at most "
                f"{MAX_KEY_WITH_STRINGS} bytes, 16 for each such field; this one takes {made.size}",
                start,
            )
        return made

    def members(self, members: dict[str, Type], taken: set[str]) -> None:
        """The next fields of one type, and what separates them from those that follow."""
        names = [self.name(taken)]
        while self.take(","):
            names.append(self.name(taken))
        members.update(dict.fromkeys(names, self.type("field")))
        end = self.at
        self.blank()
        if not self.take(";") and "\n" not in self.text[end : self.at] and self.text[self.at : self.at + 1] != "}":
            self.fail(f"expected ';', a new line or '}}' after field {names[-1]!r}")

    def name(self, taken: set[str]) -> str:
        self.blank()
        start = self.at
        word = self.run(lambda each: each == "_" or each.isalpha(), lambda each: each == "_" or each.isalnum())
        if not word:
            self.fail("expected a field's name here")
        reason = _name_refused(word, taken)
        if reason is not None:
            self.fail(reason, start)
        taken.add(word)
        return word

    def array(self) -> Type:
        self.blank()
        start = self.at
        number = self.run(lambda each: each in _DIGITS, lambda each: each == "_" or each in _DIGITS)
        if not number:
            self.fail("expected the number of bytes after '['")
        digits = number.replace("_", "")
        if len(digits) > 10 or int(digits) > MAX_BYTES:
            self.fail(f"[N]byte takes N from 0 to {MAX_BYTES}", start)
        size = int(digits)
        self.expect("]", "the number of bytes")
        self.blank()
        start = self.at
        if self.word() not in ("byte", "uint8"):
            self.fail("only arrays of byte are supported: expected 'byte' here", start)
        return Type(f"[{size}]byte", Kind.BYTES, size)


def _numpy_type(spec: Any) -> Type | None:
    """What a NumPy dtype or scalar type names; None for anything else."""
    numpy = loaded("numpy")
    if numpy is None:
        return None
    if isinstance(spec, type) and issubclass(spec, numpy.generic):
        spec = numpy.dtype(spec)
    return _dtype_type(spec, spec) if isinstance(spec, numpy.dtype) else None


def _dtype_type(dtype: Any, whole: Any, path: tuple[str, ...] = ()) -> Type:
    """What a dtype names; path leads to it when it is a field of the whole."""
    if dtype.kind in "iufbmM" and dtype.isnative and (str(dtype) in _NAMED or str(dtype) == "datetime64[D]"):
        return parse(str(dtype))
    if dtype.kind == "O" and not path:
        return parse("any")
    if dtype.names:
        return _dtype_struct(dtype, whole, path)
    if dtype.kind == "V" and dtype.names is None and dtype.itemsize:
        element, shape = dtype.subdtype or (None, ())
        if element is None or (element.kind == "u" and element.itemsize == 1 and len(shape) == 1):
            return parse(f"[{dtype.itemsize}]byte")
    hints = []
    if dtype.kind == "U":
        hints.append("'string'")
    if dtype.kind == "S":
        hints += ["'bytes'", f"'[{dtype.itemsize or 16}]byte'"]
    if dtype.kind in "mM" and dtype.isnative:
        hints += [f"'{dtype.name.partition('[')[0]}[{unit}]'" for unit in ("s", "us")]
    reason = f"its field {'.'.join(path)!r} is {dtype!r}: {_FIELDS}" if path else f"expected one of {_SUPPORTED}"
    if not dtype.isnative and dtype.kind in "iufmM":
        reason = (f"its field {'.'.join(path)!r} has" if path else "it has") + " the bytes in the other order"
    hint = f"; did you mean {' or '.join(hints)}?" if hints else ""
    raise TypeError(f"gomap has no type for NumPy's {whole!r}: {reason}{hint}")


def _dtype_struct(dtype: Any, whole: Any, path: tuple[str, ...]) -> Type:
    if len(path) >= MAX_DEPTH:
        raise ValueError(f"NumPy dtype {whole!r:.60}: structs can be nested at most {MAX_DEPTH} deep")
    members: dict[str, Type] = {}
    for each in dtype.names:
        reason = _name_refused(each, members)
        if reason is not None:
            raise ValueError(f"NumPy dtype {whole!r}: {reason}")
        members[each] = _dtype_type(dtype.fields[each][0], whole, (*path, each))
    return _struct(members.items())


def _library_type(cls: type) -> str | None:
    """The spelling of a class of the standard library that is a type, such as datetime."""
    module: object = cls.__module__
    if not isinstance(module, str) or module not in _LIBRARY or cls.__name__ not in _LIBRARY[module]:
        return None
    return _LIBRARY[module][cls.__name__] if getattr(sys.modules.get(module), cls.__name__, None) is cls else None


def parse(spec: Any, role: str = "value") -> Type:
    """The type that a spelling names.

    A structured NumPy dtype names the struct of the same fields in the same order. They are laid out as C
    would: the dtype's own offsets are not kept.

    :param spec: a spelling as in Go, a Python type, a NumPy dtype, or a :class:`Type`
    :param role: ``"key"`` or ``"value"``; a key can be neither a pointer nor ``struct{}``
    :raises ValueError: the spelling is unknown or malformed; the message shows where
    :raises TypeError: it is no spelling at all
    """
    if isinstance(spec, Type):
        if role == "key" and spec.pointer:
            raise ValueError(f"a key cannot be a pointer: {spec}")
        if parse(spec.name, role) != spec:
            raise ValueError(f"type {spec.name!r} is not what its name says: {spec!r}")
        return spec
    if spec is None:
        spec = type(None)
    if spec is getattr(sys.modules.get("typing"), "Any", ...):
        spec = object
    if isinstance(spec, type) and spec in _PYTHON:
        spec = _PYTHON[spec]
    elif isinstance(spec, type) and (name := _library_type(spec)):
        spec = name
    elif not isinstance(spec, str):
        named = _numpy_type(spec)
        if named is not None:
            return named
        shown = spec.__name__ if isinstance(spec, type) else f"{type(spec).__name__} {spec!r:.60}"
        hint = "; did you mean 'bytes' or '[16]byte'?" if spec is bytearray else ""
        raise TypeError(f"expected a {role} type ({_SUPPORTED}), got {shown}{hint}")
    parser = _Parser(spec)
    result = parser.type(role)
    parser.end()
    return result


def parse_map(spec: str) -> tuple[Type, Type]:
    """The key and value types of a whole map's spelling, ``"map[int][128]byte"``.

    :raises ValueError: the spelling is unknown or malformed; the message shows where
    :raises TypeError: it is not a string
    """
    if not isinstance(spec, str):
        raise TypeError(f"expected a map type such as 'map[int][128]byte', got {type(spec).__name__}")
    parser = _Parser(spec)
    parser.blank()
    start = parser.at
    if parser.word() != "map":
        parser.fail("expected a map type such as 'map[int][128]byte'", start)
    parser.expect("[", "'map'")
    key = parser.type("key")
    parser.expect("]", "the key type")
    value = parser.type("value")
    parser.end()
    return key, value


def parse_go(version: str) -> int:
    """The minor number of a version of Go: 24 of ``"1.24"``, ``"1.24.3"`` and ``"go1.24"``.

    :raises ValueError: it is no version
    :raises TypeError: it is not a string
    """
    if not isinstance(version, str):
        raise TypeError(f"go: expected a version of Go such as '1.24', got {type(version).__name__}")
    major, *others = version.removeprefix("go").split(".")
    if major != "1" or not 1 <= len(others) <= 2 or not all(each.isascii() and each.isdecimal() for each in others):
        raise ValueError(f"go: expected a version of Go such as '1.24', got {version!r}")
    return int(others[0])

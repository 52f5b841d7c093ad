"""Values by key, in one array: an index that is built once and then read.

    keys      "b" "a" "b" "c" "a"
    numbers    0   1   0   2   1       a Map gives every key a number, in order of first appearance
    array      0 2 | 1 4 | 3           the values, group by group; here the places of the keys
    offsets    0     2     4   5       group i is array[offsets[i]:offsets[i + 1]]

A group takes its values and one offset, where a dict of lists has an object for each list and each value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from . import _arrays as arrays
from . import _frames as frames
from ._core import gather_groups, group_columns, keys_in_order
from .types import Kind, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ._core import Map
    from .types import Type

__all__ = ["Groups", "group"]

K = TypeVar("K")
T = TypeVar("T")


class Groups(Generic[K]):
    """The values of each key, as a read-only slice of one array. :func:`group` makes it; it cannot be changed.

    Keys come in the order in which they first appeared, and the values of a key in the order in which they came.
    """

    __slots__ = ("__weakref__", "_array", "_numbers", "_offsets", "_type")

    def __init__(self, numbers: Map[K, int], offsets: Any, array: Any, type: Type) -> None:
        self._numbers = numbers
        self._offsets = _read_only(offsets)
        self._array = _read_only(array)
        self._type = type

    def __getitem__(self, key: K) -> Any:
        """The values of a key.

        :raises KeyError: there is no such key
        """
        number = self._numbers[key]
        return self._made(self._array[int(self._offsets[number]) : int(self._offsets[number + 1])])

    def _made(self, array: Any) -> Any:
        """An array of values from that of what is stored."""
        return arrays.finished(array, self._type) if self._type.kind >= Kind.DATETIME_S else array

    @overload
    def get(self, key: K) -> Any | None: ...
    @overload
    def get(self, key: K, default: T) -> Any | T: ...
    def get(self, key: K, default: object = None) -> Any:
        """The values of a key, or default when there is no such key."""
        return self[key] if key in self._numbers else default

    def get_many(self, keys: Iterable[K] | Any) -> tuple[Any, Any]:
        """The values of many keys, one group behind another, and the offsets of these groups: those of key i are
        ``values[offsets[i]:offsets[i + 1]]``. A key that is not there has none.

        :param keys: an array, or any iterable
        """
        gathered, offsets = gather_groups(self._numbers, keys, self._offsets, self._array, self._type)
        return self._made(gathered), offsets

    def __contains__(self, key: object) -> bool:
        return key in self._numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[K]:
        ordered: list[Any] = [None] * len(self._numbers)
        for key, number in self._numbers.items():
            ordered[number] = key
        return iter(ordered)

    def keys(self) -> Any:
        """The keys in the order of the groups: an array, a list for strings and objects."""
        return keys_in_order(self._numbers)

    def items(self) -> Iterator[tuple[K, Any]]:
        """Goes over the keys, each with its values."""
        begin = 0
        for key, end in zip(self, memoryview(self._offsets)[1:], strict=True):
            yield key, self._made(self._array[begin:end])
            begin = end

    @property
    def array(self) -> Any:
        """All values, one group behind another."""
        return self._made(self._array)

    @property
    def offsets(self) -> Any:
        """Where each group begins in :attr:`array`; at last its length."""
        return self._offsets

    @property
    def lengths(self) -> Any:
        """How many values each key has, in the order of the groups."""
        np = arrays.numpy()
        if np is not None:
            return np.diff(self._offsets)
        view = memoryview(self._offsets)
        lengths = arrays.empty(parse("uint32" if view.itemsize == 4 else "uint64"), len(self))
        for i in range(len(self)):
            lengths[i] = view[i + 1] - view[i]
        return lengths

    @property
    def key_type(self) -> Type:
        """The type of the keys."""
        return self._numbers.key_type

    @property
    def value_type(self) -> Type:
        """The type of the values."""
        return self._type

    @property
    def nbytes(self) -> int:
        """The bytes of the map of keys and of the two arrays."""
        return self._numbers.nbytes + memoryview(self._offsets).nbytes + memoryview(self._array).nbytes

    def __sizeof__(self) -> int:
        return object.__sizeof__(self) + self.nbytes

    def __repr__(self) -> str:
        return f"<Groups of {self.value_type} by {self.key_type}: {len(self):,} keys, {len(self._array):,} values>"


def _read_only(array: Any) -> Any:
    if isinstance(array, memoryview):
        return array.toreadonly()
    array.setflags(write=False)
    return array


def _type_of(array: Any, what: str, call: str) -> str:
    """The type that an array says; for anything else the error says what to write."""
    try:
        return frames.column_type(array, what)
    except TypeError as error:
        reason, semicolon, _ = str(error).partition(";")
        raise TypeError(f"{reason}; for anything else give the type: {call}" if semicolon else reason) from None


def group(keys: Iterable[K] | Any, values: Any = None, *, key: Any = ..., value: Any = ...) -> Groups[K]:
    """Group values by their keys: an index from each key to its values.

    :param keys: an array, or with a type any iterable
    :param values: an array of as many values of a fixed size, or with a type any iterable; without it the values are
        the places of the keys, from 0 up
    :param key: the type of the keys; without it, the one that the array says
    :param value: the type of the values, likewise
    :raises TypeError: keys or values come without a type, and none is given
    """
    key_type = _type_of(keys, "keys", "group(keys, key=str)") if key is ... else key
    if values is None and value is not ...:
        raise TypeError(f"group: values: expected an array or an iterable for type {parse(value).name}, got None")
    value_type = None
    if values is not None:
        value_type = _type_of(values, "values", "group(keys, values, value=float)") if value is ... else value
    numbers, offsets, array = group_columns(keys, values, key_type, value_type)
    width = "uint32" if memoryview(offsets).itemsize == 4 else "uint64"
    return Groups(numbers, offsets, array, parse(width if value_type is None else value_type))

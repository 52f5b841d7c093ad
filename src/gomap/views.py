"""What ``keys()``, ``values()`` and ``items()`` return: live views, as ``dict`` has them.

Plain Python around the map's own iterator; the set operations come from ``collections.abc``. Unlike
the map itself, set operations take elements of any type: one that the map's types cannot hold is
simply not in it.
"""

from __future__ import annotations

from _collections_abc import Callable, ItemsView, Iterable, Iterator, KeysView, Mapping, Set, ValuesView
from operator import eq, ge, gt, le, lt
from types import GenericAlias, MappingProxyType

from ._arrays import exported
from .types import Kind, Type

TYPE_CHECKING = False  # typing takes long to import
if TYPE_CHECKING:
    from typing import Any, Generic, TypeVar

    from ._core import BaseMap

    K = TypeVar("K")
    V = TypeVar("V")
else:
    K, V = "K", "V"

    class Generic:
        __slots__ = ()
        __class_getitem__ = classmethod(GenericAlias)


__all__ = ["MapItemsView", "MapKeysView", "MapValuesView"]


class _View(Generic[K, V]):
    """What the three have in common."""

    __slots__ = ()
    _mapping: BaseMap[K, V]

    @property
    def mapping(self) -> Mapping[K, V]:
        """The map, read-only."""
        return MappingProxyType(self._mapping)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._mapping!r})"

    def _listed(self) -> Any:
        """All there is, as an array where one holds such."""
        raise NotImplementedError

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return exported(self._listed(), dtype, copy)


def is_typed(elements: object) -> bool:
    """Whether it is a map, a Set or a view that has keys of some type alone."""
    type_ = getattr(getattr(elements, "_mapping", elements), "key_type", None)
    return isinstance(type_, Type) and type_.kind is not Kind.OBJECT


def _holds(elements: Any, element: object) -> bool:
    """Whether the element is there; one that the elements' type cannot be is not."""
    try:
        return element in elements
    except (TypeError, ValueError):
        if is_typed(elements):
            return False
        raise


class _SetView(_View[K, V]):
    """Set operations as a ``dict``'s views have them: elements of any type, and a ``set`` as the result."""

    __slots__ = ()

    def __and__(self, other: Iterable[Any]) -> set[Any]:
        return {element for element in other if _holds(self, element)}

    __rand__ = __and__

    def __or__(self, other: Iterable[Any]) -> set[Any]:
        return set(self).union(other)  # type: ignore[call-overload, no-any-return]

    __ror__ = __or__

    def __xor__(self, other: Iterable[Any]) -> set[Any]:
        return set(self).symmetric_difference(other)  # type: ignore[call-overload, no-any-return]

    __rxor__ = __xor__

    def __sub__(self, other: Iterable[Any]) -> set[Any]:
        return set(self).difference(other)  # type: ignore[call-overload, no-any-return]

    def __rsub__(self, other: Iterable[Any]) -> set[Any]:
        return {element for element in other if not _holds(self, element)}

    def isdisjoint(self, other: Iterable[Any]) -> bool:
        """Whether no element of ``other`` is in the view."""
        return not any(_holds(self, element) for element in other)

    def _compared(self, other: object, counts: Callable[[int, int], bool], within: bool) -> bool:
        """
        :param counts: how the numbers of elements compare, where the views do
        :param within: the view's elements are looked for in the other, and not the other's in the view
        """
        if not isinstance(other, Set):
            return NotImplemented  # type: ignore[no-any-return]
        elements: Any = self if within else other
        there = other if within else self
        return counts(len(self), len(other)) and all(_holds(there, element) for element in elements)  # type: ignore[arg-type]

    def __eq__(self, other: object) -> bool:
        return self._compared(other, eq, False)

    def __le__(self, other: object) -> bool:
        return self._compared(other, le, True)

    def __lt__(self, other: object) -> bool:
        return self._compared(other, lt, True)

    def __ge__(self, other: object) -> bool:
        return self._compared(other, ge, False)

    def __gt__(self, other: object) -> bool:
        return self._compared(other, gt, False)

    __hash__ = None  # type: ignore[assignment]


class MapKeysView(_SetView[K, V], KeysView[K]):
    """A live view of a map's keys."""

    __slots__ = ()

    def __iter__(self) -> Iterator[K]:
        return self._mapping._iter_keys()

    def _listed(self) -> Any:
        return self._mapping.to_arrays()[0]


class MapItemsView(_SetView[K, V], ItemsView[K, V]):
    """A live view of a map's entries as ``(key, value)`` tuples."""

    __slots__ = ()

    def __iter__(self) -> Iterator[tuple[K, V]]:
        return self._mapping._iter_items()

    def _listed(self) -> Any:
        return list(self)

    def __contains__(self, item: object) -> bool:
        if not isinstance(item, tuple) or len(item) != 2:
            return False
        missing = object()
        value = self._mapping.get(item[0], missing)
        return value is not missing and (value is item[1] or bool(value == item[1]))


class MapValuesView(_View[K, V], ValuesView[V]):
    """A live view of a map's values."""

    __slots__ = ()

    def __iter__(self) -> Iterator[V]:
        return self._mapping._iter_values()

    def _listed(self) -> Any:
        return self._mapping.to_arrays()[1]

    def __contains__(self, value: object) -> bool:
        return any(held is value or held == value for held in self)

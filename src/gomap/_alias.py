"""``Map[int, "[16]byte"]``: a class with its types, to be called and to be written as an annotation."""

from __future__ import annotations

from types import GenericAlias

TYPE_CHECKING = False  # typing takes long to import
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Alias", "alias"]


class Alias(GenericAlias):
    """A class with its types, as ``dict[str, int]`` is one; called, it passes them on.

    ``Map[int, str](items)`` is ``Map(int, str, items)``, and ``fromkeys`` and ``from_arrays`` have its
    types too. A type that is spelled in a string stays one: ``typing.get_type_hints`` takes strings for
    forward references, so in annotations that are looked at by it Python's types and NumPy's are to be
    preferred.
    """

    __slots__ = ()

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        cls: Any = self.__origin__
        return cls(*self.__args__, *arguments, **options)

    def __getitem__(self, types: Any) -> Alias:
        """With other types in the place of type variables."""
        given = types if isinstance(types, tuple) else (types,)
        within = any(getattr(each, "__parameters__", ()) for each in self.__args__ if not isinstance(each, type))
        if within or len(given) != len(self.__parameters__) or not given:
            filled: Any = super().__getitem__(types)
            return Alias(filled.__origin__, filled.__args__)
        # GenericAlias would take a string for an expression, which "[16]byte" is not.
        known = dict(zip(self.__parameters__, given, strict=True))
        cls: Any = self.__origin__
        return Alias(cls, tuple(known.get(each, each) for each in self.__args__))

    def __getattribute__(self, name: str) -> Any:
        # Nearly every attribute is the class's, even those that are defined here.
        if name in ("__copy__", "__deepcopy__"):  # which the class has for its instances
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        found = super().__getattribute__(name)
        if name in ("fromkeys", "from_arrays") or (name in ("open", "load", "from_buffer") and len(self.__args__) == 2):
            key, value = self.__args__
            return lambda *given, **options: found(*given, **{"key": key, "value": value, **options})
        if name in ("from_array", "factorize", "open", "load", "from_buffer"):
            key = self.__args__[0]
            return lambda *given, **options: found(*given, **{"key": key, **options})
        return found


def alias(cls: type, types: Any, names: tuple[str, ...]) -> Alias:
    """What ``cls[types]`` is.

    :param names: what the types are of, for the message when there are more or fewer
    :raises TypeError: there are more or fewer
    """
    given = types if isinstance(types, tuple) else (types,)
    names = getattr(cls, "__parameters__", names)  # a generic subclass says itself what it takes
    if len(given) != len(names):
        expected = f"{len(names)} type{'' if len(names) == 1 else 's'}"
        shown = f" ({', '.join(map(str, names))})" if names else ""
        raise TypeError(f"{cls.__name__}[...]: expected {expected}{shown}, got {len(given)}")
    return Alias(cls, given)

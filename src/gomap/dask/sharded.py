"""ShardedMap: a map whose parts are futures of a Dask cluster.

    partition  -> split ->  map of part 0, map of part 1, ...
    partition  -> split ->  map of part 0, map of part 1, ...
                                 |             |
                              merged        merged          a tree for each part, in the partitions' order
                                 |             |
                              future 0      future 1        Map

A part is never changed: what adds to it makes a new future of the old one. So Dask, which knows all tasks and their
inputs, computes a part again when its worker is lost, and a part may be read by many threads.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .. import _frames as frames
from .._core import Map
from .._libraries import library
from .._words import shown
from ..types import Kind, Type, parse
from . import parts as cut
from . import saved
from .parts import How, Nulls

__all__ = ["ShardedMap", "WorkerMemory"]

#: How many maps are merged at a time.
_TREE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerMemory:
    """What one worker has of a map."""

    parts: int
    entries: int
    #: that the parts hold in the worker's memory
    nbytes: int
    #: of files and received buffers that the parts are over
    mapped: int


class ShardedMap:
    """A map over the workers of a Dask cluster: each key is in one of its parts, :func:`part_of` says in which.

    ``from_dask``, ``from_arrays``, ``counts`` and ``open`` make one. Where a key comes more than once, the last one
    counts, by the order of partitions and of the rows in them, as in ``Map.set_many``.

    Every machine, the scheduler's too, needs the same gomap.
    """

    __slots__ = ("__weakref__", "_client", "_futures", "_key", "_names", "_value")

    _client: Any
    _futures: list[Any]
    _key: Type
    _value: Type
    _names: tuple[Any, Any]  # the columns of a data frame: a name, or a list of them, of the keys and of the values

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise TypeError("a ShardedMap is made by from_dask, from_arrays, counts or open")

    @classmethod
    def _made(cls, client: Any, futures: list[Any], key: Type, value: Type, names: tuple[Any, Any]) -> ShardedMap:
        """Waits for the parts."""
        made = cls.__new__(cls)
        made._client, made._key, made._value, made._names = client, key, value, names
        made._futures = _settled(futures)
        return made

    # ---- making ----

    @classmethod
    def from_dask(
        cls,
        ddf: Any,
        /,
        *,
        key: str | Sequence[str],
        value: str | Sequence[str] | None = None,
        parts: int | None = None,
        how: How = "last",
        key_type: Any = None,
        value_type: Any = None,
        nulls: Nulls = "refuse",
        client: Any = None,
    ) -> ShardedMap:
        """A map of columns of a dask DataFrame. Returns when all parts are built.

        :param key: the name of the column of keys; of several, whose rows are structs
        :param value: likewise of the values; None: each key counts 1, which takes ``how="add"``
        :param parts: how many; without it, as many as the workers have threads
        :param how: what two values of one key become: ``"last"`` or ``"first"``, by the order of partitions and their
            rows, ``"add"``, ``"max"`` or ``"min"``
        :param key_type: without it, the one that the column's dtype says
        :param value_type: likewise
        :param nulls: ``"skip"`` leaves rows out where the key or value is null
        :param client: without it, the current one
        :raises TypeError: it is no dask DataFrame, a column does not say its type, or the type is object
        :raises KeyError: there is no such column
        :raises ValueError: a key or value is null
        :raises RuntimeError: there is no client
        """
        client = _client(client)
        if not _is_frame(ddf):
            raise TypeError(
                f"ddf: expected a dask DataFrame, got {_named(ddf)}; dask.dataframe.from_pandas(df, npartitions=8) "
                "makes one of a pandas DataFrame"
            )
        if value is None and how != "add":
            raise TypeError('value: expected the name of a column, got None; with how="add", None counts the keys')
        columns = _columns(ddf, key, "key"), None if value is None else _columns(ddf, value, "value")
        key_t = _type_of(ddf._meta[columns[0]], key_type, "key")
        value_t = _count_type(value_type) if value is None else _type_of(ddf._meta[columns[1]], value_type, "value")
        futures = _built(client, ddf, columns, key_t, value_t, parts, how, nulls)
        return cls._made(client, futures, key_t, value_t, (columns[0], columns[1] or _apart("count", columns[0])))

    @classmethod
    def counts(
        cls,
        keys: Any,
        /,
        *,
        parts: int | None = None,
        key_type: Any = None,
        value_type: Any = None,
        nulls: Nulls = "refuse",
        client: Any = None,
    ) -> ShardedMap:
        """How often each item of a dask Series is in it. Each partition is counted where it is; then the counts are
        merged by a tree, part by part.

        :param keys: a dask Series
        :param value_type: of the counts, which are ``int`` without it

        Everything else is as for ``from_dask``.
        """
        client = _client(client)
        if not _is_series(keys):
            raise TypeError(f"keys: expected a dask Series, got {_named(keys)}; gomap.Map.add_many counts local keys")
        key_t, value_t = _type_of(keys._meta, key_type, "key"), _count_type(value_type)
        futures = _built(client, keys, (None, None), key_t, value_t, parts, "add", nulls)
        name = keys.name if isinstance(keys.name, str) else "key"
        return cls._made(client, futures, key_t, value_t, (name, _apart("count", name)))

    @classmethod
    def from_arrays(
        cls,
        keys: Any,
        values: Any,
        /,
        *,
        key: Any = ...,
        value: Any = ...,
        parts: int | None = None,
        client: Any = None,
    ) -> ShardedMap:
        """A map of local arrays of keys and values. The parts are built here and sent. The scheduler keeps them, so
        that a part that is lost can be sent again.

        :param keys: an array, or with a type any iterable
        :param values: an array of as many, or with a type any iterable
        :param key: the type of the keys; without it, the one that the array says
        :param value: the type of the values, likewise
        :param parts: how many; without it, as many as the workers have threads
        :param client: without it, the current one
        :raises TypeError: an item is of a wrong type; the type is object
        :raises ValueError: keys and values are not as many; a key or value is null
        :raises RuntimeError: there is no client
        """
        client = _client(client)
        if _is_collection(keys):
            raise TypeError(f"keys: expected an array in this process, got {_named(keys)}; use ShardedMap.from_dask")
        keys, values = cut.column(keys), cut.column(values)
        key_t = parse(frames.column_type(keys, "keys") if key is ... else key, "key")
        value_t = parse(frames.column_type(values, "values") if value is ... else value, "value")
        cut.checked_how("last", key_t, value_t)
        count = _parts(client, parts)
        maps = _exactly(
            lambda: cut.split(keys, values, key_t, value_t, count),
            lambda: Map.from_arrays(keys, values, key=key_t, value=value_t),
            keys,
            values,
        )
        with _large_graphs():
            futures = [
                client.submit(cut.merged, [each], "last", pure=False, **place)
                for each, place in zip(maps, _placed(client, count), strict=True)
            ]
        names = _names(key_t, "key")
        return cls._made(client, futures, key_t, value_t, (names, _apart(_names(value_t, "value"), names)))

    @classmethod
    def open(cls, directory: str | os.PathLike[str], /, *, client: Any = None) -> ShardedMap:
        """A map that :meth:`save` has written. Each part's file is mapped on a worker, and read when it is looked for.

        :param directory: one that this process and all workers share
        :raises FileFormatError: it is none that a ShardedMap was saved to; a part is not the one that was saved
        :raises FileNotFoundError: it is not there, or a part of it
        :raises RuntimeError: there is no client
        """
        client = _client(client)
        directory = os.path.abspath(os.fspath(directory))
        known = saved.read_manifest(directory)
        saved.check_files(directory, known)
        futures = [
            client.submit(saved.open_part, directory, part, number, known.key, known.value, pure=False, **place)
            for number, (part, place) in enumerate(zip(known.parts, _placed(client, len(known.parts)), strict=True))
        ]
        return cls._made(client, futures, known.key, known.value, known.names)

    # ---- looking up ----

    def get_many(self, keys: Any, /, default: Any = ...) -> Any:
        """The values of many keys, in their order, as ``Map.get_many`` returns them; strings come as a list. One task
        for each part, which runs where the part is.

        :param keys: an array, or any iterable, in this process
        :param default: for a key that is not there
        :raises KeyError: a key is not there, and there is no default
        """
        keys = self._local(keys, "get_many")
        blank: Map[Any, Any] = Map(self._key, self._value)
        nothing = cut.take(keys, cut.numpy().empty(0, "int64"))
        if default is ...:
            form = blank.get_many(nothing, arrow=False)
            asked, found = self._asked(keys, cut.looked_up)
        else:
            form = blank.get_many(nothing, default, arrow=False)
            asked, found = self._asked(keys, cut.looked_up_or, default)
        lost = [places[each.is_missing] for places, each in zip(asked, found, strict=True) if type(each) is cut.Missing]
        if lost:
            self._refuse_missing(keys, cut.numpy().concatenate(lost), sum(map(len, asked)))
        return _in_order(asked, found, form)

    def _refuse_missing(self, keys: Any, places: Any, count: int) -> None:
        """The error that one map raises."""
        try:
            Map(self._key, self._value).get_many(cut.take(keys, places.min()[None]))
        except KeyError as error:
            if len(places) == 1:
                raise
            first = error.args[0]
        raise KeyError(f"{first!r} and {len(places) - 1} more of {count} keys are not in the map")

    def contains_many(self, keys: Any, /) -> Any:
        """Whether each key is there: an array of bools.

        :param keys: an array, or any iterable, in this process
        """
        asked, found = self._asked(self._local(keys, "contains_many"), cut.contained)
        return _in_order(asked, found, cut.numpy().empty(0, bool))

    def _local(self, keys: Any, method: str) -> Any:
        if _is_collection(keys):
            raise TypeError(
                f"keys: expected keys in this process, got {_named(keys)}; write keys.compute(), or join "
                "ShardedMap.to_dask() with it"
            )
        return cut.column(keys)

    def _asked(self, keys: Any, function: Any, *more: Any) -> tuple[list[Any], list[Any]]:
        """What a function returns for each part's keys, and the places of these."""
        places = cut.places_of(cut.numbers(keys, self.parts, self._key, None), self.parts)
        calls = [(function, cut.take(keys, some), *more) if len(some) else None for some in places]
        futures = [future for future in self._called(calls) if future is not None]
        return [some for some in places if len(some)], self._client.gather(futures)

    def _called(self, calls: Sequence[tuple[Any, ...] | None]) -> list[Any]:
        """For each part a future of what a function returns for it, or None.

        Dask is told where the parts are. Otherwise it may take many small tasks of few inputs for the beginning of a
        computation, which it spreads over all workers, and it would move the parts to them.

        :param calls: for each part the function, and its arguments behind the part
        """
        holders = self._client.who_has(self._futures)
        futures: list[Any] = []
        with _large_graphs():
            for future, call in zip(self._futures, calls, strict=True):
                there = list(holders.get(future.key, ()))
                near = {"workers": there, "allow_other_workers": True} if there else {}
                futures.append(call and self._client.submit(call[0], future, *call[1:], pure=False, **near))
        return futures

    # ---- adding ----

    def add_many(self, keys: Any, by: Any = 1, /, *, nulls: Nulls = "refuse") -> None:
        """Adds to the values of keys, as ``Map.add_many`` does; keys that are not there begin at 0. All parts are
        changed, or after an error none.

        A part that gets something is copied: it takes its bytes once more for the time. The additions stay with the
        scheduler, as a lost part is computed again from all of them. :meth:`save` and :meth:`open` end that.

        :param keys: an array, or any iterable, in this process; or a dask Series, which is counted where it is
        :param by: one number, or as many as there are local keys
        :param nulls: ``"skip"`` leaves out keys that are null
        :raises OverflowError: a sum is out of range
        :raises TypeError: the values are no numbers; a key is of a wrong type
        """
        cut.checked_how("add", self._key, self._value)
        if _is_collection(keys):
            if not _is_series(keys):
                raise TypeError(f"keys: expected a dask Series, or local keys, got {_named(keys)}")
            if not (isinstance(by, int) and by == 1):
                raise TypeError(
                    f"by: expected 1 for a dask Series, got {shown(by)}; write "
                    'm.merge(ShardedMap.from_dask(ddf, key=..., value=..., how="add"), "add")'
                )
            counted = type(self).counts(
                keys, parts=self.parts, key_type=self._key, value_type=self._value, nulls=nulls, client=self._client
            )
            self.merge(counted, "add")
            return
        keys, by = cut.column(keys), cut.column(by)
        blank: Map[Any, Any] = Map(self._key, self._value)
        chosen = _exactly(
            lambda: [
                (places, cut.take(keys, places), by if cut.is_one(by) else cut.take(by, places))
                for places in cut.places_of(cut.numbers(keys, self.parts, self._key, nulls), self.parts)
            ],
            lambda: blank.add_many(keys, by, nulls=nulls),
            keys,
            by,
        )
        calls = [(cut.added, some, amounts, nulls) if len(places) else None for places, some, amounts in chosen]
        changed = self._called(calls)
        try:
            self._futures = _settled([new or old for new, old in zip(changed, self._futures, strict=True)])
        except (TypeError, ValueError):
            blank.add_many(keys, by, nulls=nulls)  # names the item by its place among all
            raise

    def merge(self, other: ShardedMap, /, how: How = "last") -> None:
        """Puts in all entries of another one, as ``Map.merge`` does. All parts are changed, or after an error none.

        :param how: what becomes of two values of one key: ``"last"``, ``"first"``, ``"add"``, ``"max"`` or ``"min"``
        :raises TypeError: it is no ShardedMap, or one of other types
        """
        if not isinstance(other, ShardedMap):
            raise TypeError(f"merge: expected a ShardedMap, got {_named(other)}")
        if (other._key, other._value) != (self._key, self._value):
            raise TypeError(
                f"merge: expected a ShardedMap of {self._key} and {self._value}, got one of {other._key} and "
                f"{other._value}"
            )
        cut.checked_how(how, self._key, self._value)
        same = other if other.parts == self.parts else other.repartition(self.parts)
        self._futures = _settled(self._called([(cut.merged_with, theirs, how) for theirs in same._futures]))

    def repartition(self, parts: int, /) -> ShardedMap:
        """The same entries in another number of parts: a new map."""
        count, delayed = cut.checked_parts(parts), _dask().delayed
        split = delayed(cut.split_map, pure=False, nout=count)
        pieces = [list(split(future, count)) for future in self._futures]
        futures = _merged_by_tree(self._client, pieces, count, "last")
        return self._made(self._client, futures, self._key, self._value, self._names)

    # ---- going out ----

    def to_map(self) -> Map[Any, Any]:
        """One map of all entries in this process. The parts come one by one, so that it takes the bytes of one part
        more."""
        made: Map[Any, Any] = Map(self._key, self._value)
        for future in self._futures:
            made.merge(future.result())
        return made

    def to_dask(self) -> Any:
        """A dask DataFrame of the entries, a partition for each part. Rows have no order. It keeps the parts that the
        map has now."""
        delayed = _dask().delayed(cut.frame_of, pure=False)
        meta = cut.frame_of(Map(self._key, self._value), self._names)
        frame = library("dask.dataframe", "to_dask takes dask.dataframe", cut.INSTALL)
        return frame.from_delayed(
            [delayed(future, self._names) for future in self._futures], meta=meta, verify_meta=False
        )

    def save(self, directory: str | os.PathLike[str], /) -> None:
        """Saves each part to a file of its own, on its worker, and then a manifest. Whatever happens meanwhile, the
        directory holds the map that it held before, or this one.

        :param directory: one that this process and all workers share; it is made if it is not there
        :raises OSError: it cannot be written to; a worker has written to another machine's directory
        """
        directory = os.path.abspath(os.fspath(directory))
        os.makedirs(directory, exist_ok=True)
        files = saved.new_files(self.parts)
        try:
            futures = _settled(self._called([(saved.save_part, directory, file) for file in files]))
            known = saved.Manifest(self._key, self._value, self._names, tuple(self._client.gather(futures)))
            saved.check_files(directory, known)
            saved.write_manifest(directory, known)
        except BaseException:
            saved.discard(directory, files)
            raise

    # ---- figures ----

    def _figures(self) -> list[tuple[int, int, int]]:
        found: list[tuple[int, int, int]] = self._client.gather(self._called([(cut.figures,)] * self.parts))
        return found

    def __len__(self) -> int:
        return sum(entries for entries, _, _ in self._figures())

    @property
    def nbytes(self) -> int:
        """The bytes that all parts hold in the workers' memory, each counted once."""
        return sum(nbytes for _, nbytes, _ in self._figures())

    def memory(self) -> dict[str, WorkerMemory]:
        """What each worker has of the map, by its address. A part that several workers have is counted for each."""
        found: dict[str, list[tuple[int, int, int]]] = {}
        figures, holders = self._figures(), self._client.who_has(self._futures)
        for future, figure in zip(self._futures, figures, strict=True):
            for address in holders[future.key]:
                found.setdefault(address, []).append(figure)
        return {
            address: WorkerMemory(
                parts=len(each),
                **dict(zip(("entries", "nbytes", "mapped"), map(sum, zip(*each, strict=True)), strict=True)),
            )
            for address, each in sorted(found.items())
        }

    @property
    def parts(self) -> int:
        """How many parts there are."""
        return len(self._futures)

    @property
    def futures(self) -> tuple[Any, ...]:
        """The parts: futures of maps, which belong to all and are not to be written to."""
        return tuple(self._futures)

    @property
    def key_type(self) -> Type:
        """The type of the keys."""
        return self._key

    @property
    def value_type(self) -> Type:
        """The type of the values."""
        return self._value

    def __reduce__(self) -> Any:
        raise TypeError("a ShardedMap stays with its client and cannot be pickled; give a task its futures, or save it")

    def __repr__(self) -> str:
        return f"<ShardedMap of {self.parts} parts: map[{self._key}]{self._value}>"


# ---- clients and futures --------------------------------------------------------------------------------------------


def _distributed() -> Any:
    return library("distributed", "gomap.dask takes distributed", cut.INSTALL)


def _dask() -> Any:
    return library("dask", "gomap.dask takes dask", cut.INSTALL)


def _client(given: Any) -> Any:
    distributed = _distributed()
    if given is None:
        try:
            given = distributed.get_client()
        except ValueError:
            raise RuntimeError(
                "gomap.dask: expected a client of a Dask cluster, found none; make one first: "
                "client = dask.distributed.Client(...)"
            ) from None
    if not isinstance(given, distributed.Client):
        raise TypeError(f"client: expected a dask.distributed.Client, got {_named(given)}")
    if given.asynchronous:
        raise TypeError("client: expected one that waits, got an asynchronous one; make it without asynchronous=True")
    return given


def _parts(client: Any, given: Any) -> int:
    return max(1, sum(client.nthreads().values())) if given is None else cut.checked_parts(given)


def _placed(client: Any, parts: int) -> list[dict[str, Any]]:
    """Where each part is to be: one for each thread of the workers, in turn. Dask takes another worker where that one
    is gone."""
    places = [
        {"workers": [address], "allow_other_workers": True}
        for address, threads in client.nthreads().items()
        for _ in range(threads)
    ]
    return [places[part % len(places)] if places else {} for part in range(parts)]


def _large_graphs() -> Any:
    """Arrays go to the scheduler on purpose: what is lost is computed from them. Dask would warn of their size."""
    return _dask().config.set({"distributed.admin.large-graph-warning-threshold": 1 << 60})


def _settled(futures: list[Any]) -> list[Any]:
    """Waits for all of them, as one that fails does not end the others; then the first error is raised."""
    _distributed().wait(futures)
    for future in futures:
        if future.status != "finished":
            future.result()
    return futures


def _built(
    client: Any, collection: Any, columns: tuple[Any, Any], key: Type, value: Type, parts: Any, how: How, nulls: Nulls
) -> list[Any]:
    """The parts of a collection's rows."""
    cut.checked_how(how, key, value)
    Map(key, value).set_many([], [], nulls=nulls)  # refuses other words
    count = _parts(client, parts)
    split = _dask().delayed(cut.split_frame, pure=False, nout=count)
    pieces = [list(split(partition, columns, key, value, count, how, nulls)) for partition in collection.to_delayed()]
    return _merged_by_tree(client, pieces, count, how)


def _merged_by_tree(client: Any, pieces: list[list[Any]], parts: int, how: How) -> list[Any]:
    """Futures of the parts, of pieces by partition and part."""
    merged = _dask().delayed(cut.merged, pure=False)
    roots = []
    for part, place in enumerate(_placed(client, parts)):
        level = [of_partition[part] for of_partition in pieces]
        while len(level) > _TREE:
            level = [merged(level[i : i + _TREE], how) for i in range(0, len(level), _TREE)]
        with _dask().annotate(**place):
            roots.append(merged(level, how))
    futures: list[Any] = client.compute(roots)
    return futures


# ---- arguments ------------------------------------------------------------------------------------------------------


def _named(thing: Any) -> str:
    module = type(thing).__module__.partition(".")[0]
    return type(thing).__name__ if module == "builtins" else f"{module}'s {type(thing).__name__}"


def _is_collection(thing: Any) -> bool:
    return hasattr(thing, "__dask_graph__") and not isinstance(thing, type)


def _is_frame(thing: Any) -> bool:
    return _is_collection(thing) and hasattr(thing, "to_delayed") and hasattr(getattr(thing, "_meta", None), "columns")


def _is_series(thing: Any) -> bool:
    meta = getattr(thing, "_meta", None) if _is_collection(thing) and hasattr(thing, "to_delayed") else None
    return hasattr(meta, "iloc") and not hasattr(meta, "columns")


def _columns(ddf: Any, given: Any, role: str) -> Any:
    """A column's name, or a list of several."""
    names = given if isinstance(given, str) else list(given) if isinstance(given, Sequence) else None
    several = [names] if isinstance(names, str) else names
    if not several or not all(isinstance(each, str) for each in several):
        raise TypeError(f"{role}: expected the name of a column, or a list of names, got {shown(given)}")
    for each in several:
        if each not in ddf.columns:
            raise KeyError(f"{role}: there is no column {each!r}: there are {', '.join(map(str, ddf.columns))}")
    return names


def _type_of(meta: Any, given: Any, role: Literal["key", "value"]) -> Type:
    if given is not None:
        return parse(given, role)
    try:
        return parse(frames.column_type(meta, f"{role}s"), role)
    except TypeError as error:
        reason = str(error).partition("; for these give")[0]
        raise TypeError(f"{reason}; give the type: {role}_type={'str' if role == 'key' else 'float'}") from None


def _count_type(given: Any) -> Type:
    return parse("int" if given is None else given, "value")


def _names(type: Type, role: str) -> Any:
    """The columns that hold a type's items in a data frame."""
    return [field.name for field in type.fields] if type.kind is Kind.STRUCT else role


def _apart(names: Any, others: Any) -> Any:
    """Columns' names that are none of the others."""
    if not isinstance(names, str):
        return [_apart(name, others) for name in names]
    while names in ([others] if isinstance(others, str) else others):
        names += "_value"
    return names


def _exactly(made: Any, exact: Any, keys: Any, values: Any) -> Any:
    """What `made` returns. When it fails, `exact` does the same to whole columns, and its error names an item by its
    place among all."""
    if not cut.is_one(values) and len(values) != len(keys):
        raise ValueError(f"values: expected {len(keys):,}, one for each key, got {len(values):,}")
    try:
        return made()
    except (TypeError, ValueError, OverflowError):
        exact()
        raise


def _in_order(asked: list[Any], found: list[Any], form: Any) -> Any:
    """One result for all keys of the parts' results.

    :param form: such a result, of no items
    """
    count = sum(map(len, asked))
    if isinstance(form, list):
        items: list[Any] = [None] * count
        for places, some in zip(asked, found, strict=True):
            for place, item in zip(places.tolist(), some, strict=True):
                items[place] = item
        return items
    array = cut.numpy().empty(count, form.dtype)
    for places, some in zip(asked, found, strict=True):
        array[places] = some
    return array

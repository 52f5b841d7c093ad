"""Objects in maps: what refers to them, and what the garbage collector sees."""

from __future__ import annotations

import collections
import contextlib
import copy
import gc
import pickle
import sys
import sysconfig
import tracemalloc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from object_cases import OPERATIONS, Counted, Key, Operation, Thing, assert_same_objects
from support import Class, each

from gomap import TRACEMALLOC_DOMAIN, Set

# ---- references --------------------------------------------------------------------------------------


def test_references_of_every_operation(map_class: Class) -> None:
    key, equal, value, other = Key(1), Key(1), Thing(), Thing()
    counted = Counted(key, equal, value, other).begin()

    def assert_more(*expected: int) -> None:
        gc.collect()
        assert counted.more == list(expected)
        assert m._check() is None

    m = map_class(object, object)
    m[key] = value
    assert_more(1, 0, 1, 0)
    m[key] = value
    m[equal] = value
    assert_more(1, 0, 1, 0)
    m[equal] = other
    assert_more(1, 0, 0, 1)
    assert m[equal] is m.get(equal) is m.setdefault(equal, value) is m.setdefault(key) is other
    assert_more(1, 0, 0, 1)
    assert m.pop(equal) is other
    assert_more(0, 0, 0, 0)
    assert m.pop(equal, value) is value
    assert m.get(equal, value) is value
    assert m.setdefault(equal, value) is value
    assert_more(0, 1, 1, 0)
    del m[key]
    assert_more(0, 0, 0, 0)
    assert m.setdefault(key) is None
    assert_more(1, 0, 0, 0)
    m[key] = m.setdefault(equal)
    m.clear()
    assert_more(0, 0, 0, 0)
    m.update({key: value})
    m.update([(equal, other)])
    assert_more(1, 0, 0, 1)
    assert m.popitem() == (key, other)
    assert_more(0, 0, 0, 0)
    m |= {key: key}
    assert_more(2, 0, 0, 0)
    copied, united, reversed_ = m.copy(), m | {equal: value}, {equal: value} | m
    assert_more(6, 1, 1, 0)
    assert m == copied != united
    assert copied == {equal: key}
    del copied, united, reversed_
    assert_more(2, 0, 0, 0)
    made = [copy.copy(m), map_class.fromkeys([key, equal], value, key=object, value=object)]
    made.append(map_class(object, object, m))
    assert_more(7, 0, 1, 0)
    made.clear()
    m.update(m)
    keys, values, items = m.keys(), m.values(), m.items()
    assert (list(keys), list(values), list(items)) == ([key], [key], [(key, key)])
    assert equal in keys
    assert equal in values
    assert (equal, equal) in items
    assert keys | {equal} == {key} == keys & {equal}
    del keys, values, items
    assert_more(2, 0, 0, 0)
    for iterator in (iter(m), iter(m.values()), iter(m.items())):
        next(iterator)
    del iterator
    assert_more(2, 0, 0, 0)
    for _ in range(50):
        for wrong in (
            lambda: m[Key(9)],
            lambda: m.pop(Key(9)),
            lambda: m.__delitem__(Key(9)),
            lambda: m.__setitem__([], value),
            lambda: m.update([(value, other), (value,)]),
            lambda: m.update([(value, other), ([], key)]),
            lambda: map_class(object, object, [(key, value), ([], key)]),
            lambda: map_class(object, int, [(key, 1), (equal, value)]),
            lambda: map_class.fromkeys([key, []], value, key=object, value=object),
        ):
            with pytest.raises((KeyError, TypeError, ValueError)):
                wrong()
    del wrong
    assert m.pop(value) is other
    assert_more(2, 0, 0, 0)
    m[value] = m
    m = map_class(object, object)
    assert_more(0, 0, 0, 0)


def test_references_of_values_with_typed_keys(map_class: Class) -> None:
    value, other = Thing(), Thing()
    counted = Counted(value, other).begin()
    for key_type, key, wrong in (("int", 1, "a"), ("string", "é" * 40, 1), ("[2]byte", b"ab", "a")):
        m = map_class(key_type, object)
        m[key] = value
        m[key] = other
        assert counted.more == [0, 1]
        for _ in range(20):
            with pytest.raises(TypeError):
                m[wrong] = value
            with pytest.raises(TypeError):
                m.setdefault(wrong, value)
        assert m.setdefault(key, value) is other
        copied = m.copy()
        assert counted.more == [0, 2]
        assert m.pop(key) is copied[key] is other
        assert counted.more == [0, 1]
        m.update({key: value})
        m |= copied
        assert m.popitem()[1] is other
        copied.clear()
        assert counted.more == [0, 0]
        assert m.setdefault(key) is None
        assert m.setdefault(key, value) is None
        assert m._check() is None
    assert counted.more == [0, 0]


def test_references_of_keys_with_typed_values(map_class: Class) -> None:
    for value_type, value, wrong in (
        ("int", 1, "a"),
        ("string", "é" * 40, 1),
        ("struct{a int8}", (1,), (1000,)),
    ):
        key, equal = Key(1), Key(1)
        counted = Counted(key, equal).begin()
        m = map_class(object, value_type)
        m[key] = value
        m[equal] = value
        assert counted.more == [1, 0]
        for _ in range(20):
            for operation in (m.__setitem__, m.setdefault):
                with pytest.raises((TypeError, OverflowError)):
                    operation(equal, wrong)
        assert m.setdefault(equal, value) == m.get(equal) == m[equal] == value
        assert counted.more == [1, 0]
        assert m.pop(equal) == value
        assert m.setdefault(equal, value) == value
        assert counted.more == [0, 1]
        assert m.copy() == m
        assert m.popitem() == (key, value)
        assert counted.more == [0, 0]
        assert m._check() is None


def test_references_of_a_set() -> None:
    key, equal, other = Key(1), Key(1), Key(2)
    counted = Counted(key, equal, other).begin()
    s = Set(object, [key, equal])
    s.add(equal)
    assert counted.more == [1, 0, 0]
    made = [s.copy(), s | {equal, other}, s - {equal}, s ^ {equal, other}, Set(object, s), s.union([equal])]
    assert counted.more == [5, 0, 2]
    assert s & {equal} == s.intersection([equal]) == s
    made.clear()
    s ^= {equal, other}
    assert counted.more == [0, 0, 1]
    s |= {equal}
    s -= {key}
    s &= {other}
    s.discard(key)
    for _ in range(20):
        with pytest.raises(KeyError):
            s.remove(key)
        with pytest.raises(TypeError):
            s.update([other, []])
    assert counted.more == [0, 0, 1]
    assert s.pop() is other
    s.update([key, other])
    s.clear()
    assert counted.more == [0, 0, 0]
    assert s._check() is None


@each(OPERATIONS, "case")
def test_no_operation_leaks(case: tuple[Callable[[Any], Any], Operation]) -> None:
    """A few rounds do what they do, and after as many more there are no more objects than before."""
    make, operation = case
    debug = hasattr(sys, "gettotalrefcount")
    count: Callable[[], int] = sys.gettotalrefcount if debug else sys.getallocatedblocks  # type: ignore[attr-defined]

    def rounds(times: int) -> None:
        for _ in range(times):
            for number in (2, 77):
                m = make([Key(i, i % 3) for i in range(9)])
                for key in (Key(number, number % 3), (number,)):
                    with contextlib.suppress(KeyError, TypeError, RuntimeError):
                        operation(m, key)
                assert m._check() is None

    rounds(3)
    least = 10**9
    for _ in range(4):  # of several, as the interpreter's own caches come and go
        gc.collect()
        before = count()
        rounds(10)
        gc.collect()
        least = min(least, count() - before)
    assert least <= 5


def test_maps_of_objects_leave_no_memory() -> None:
    gc.collect()
    tracemalloc.start()
    try:
        for make, operation in OPERATIONS.values():
            m = make([Key(i, i % 7) for i in range(50)])
            with contextlib.suppress(KeyError, TypeError):
                operation(m, Key(3, 3))
            del m
        gc.collect()
        ours = tracemalloc.DomainFilter(True, TRACEMALLOC_DOMAIN)
        assert sum(trace.size for trace in tracemalloc.take_snapshot().filter_traces([ours]).traces) == 0
    finally:
        tracemalloc.stop()


# ---- the garbage collector ---------------------------------------------------------------------------


def through_value(m: Any, thing: Thing) -> None:
    m["key"] = thing


def through_key(m: Any, thing: Thing) -> None:
    m[thing] = "value"


def through_iterator(m: Any, thing: Thing) -> None:
    m["key"] = thing
    thing.map = iter(m)  # type: ignore[attr-defined]


def through_iterator_s_pair(m: Any, thing: Thing) -> None:
    """The iterator keeps the pair that it gave last, even when the map is empty."""
    m["key"] = thing
    thing.map = iter(m.items())  # type: ignore[attr-defined]
    next(thing.map)  # type: ignore[attr-defined]
    m.clear()


def through_view(m: Any, thing: Thing) -> None:
    m["key"] = [thing]
    thing.map = m.items()  # type: ignore[attr-defined]


def through_many(m: Any, thing: Thing) -> None:
    m.update({i: [thing] for i in range(1000)})


@pytest.mark.parametrize("subclass", [False, True], ids=["plain", "subclass"])
@pytest.mark.parametrize(
    "through",
    [through_value, through_key, through_iterator, through_iterator_s_pair, through_view, through_many],
)
def test_cycles_are_collected(map_class: Class, through: Callable[[Any, Thing], None], subclass: bool) -> None:
    thing = Thing()
    m = (type("Sub", (map_class,), {}) if subclass else map_class)(object, object)
    thing.map = m  # type: ignore[attr-defined]
    through(m, thing)
    gone, map_gone = weakref.ref(thing), weakref.ref(m)
    del m, thing
    gc.collect()
    assert gone() is None
    assert map_gone() is None


def test_cycles_with_one_typed_side_are_collected(map_class: Class) -> None:
    for key, value, entry in (
        (str, object, lambda thing: ("key", thing)),
        (object, str, lambda thing: (thing, "value")),
        ("struct{a int8}", object, lambda thing: ((1,), thing)),
        (object, None, lambda thing: (thing, None)),
    ):
        m = map_class(key, value)
        thing = Thing()
        thing.map = m  # type: ignore[attr-defined]
        m.update([entry(thing)])
        gone = weakref.ref(thing)
        del m, thing
        gc.collect()
        assert gone() is None


def test_cycles_through_a_set_are_collected() -> None:
    for cls in (Set, type("Sub", (Set,), {})):
        for hang in (lambda s: s, iter, lambda s: [s, iter(s)]):
            thing = Thing()
            s = cls(object, [thing, *range(100)])
            thing.set = hang(s)  # type: ignore[attr-defined]
            gone = weakref.ref(thing)
            del s, thing
            gc.collect()
            assert gone() is None


def test_maps_in_maps_are_collected(map_class: Class) -> None:
    m = map_class(object, object)
    m[0] = m
    other = map_class(int, object, {1: map_class(str, object, {"m": m})})
    m[1] = other
    gone = [weakref.ref(m), weakref.ref(other)]
    assert repr(m)
    gc.collect()
    assert gone[0]() is m
    del m, other
    gc.collect()
    assert [each() for each in gone] == [None, None]


def test_the_pair_that_an_iterator_uses_again_is_seen_by_the_collector(map_class: Class) -> None:
    """The collector forgets about tuples of what cannot lead back; the next pair may be another."""
    m = map_class(object, object, {i: i for i in range(20)})
    iterator = iter(m.items())
    next(iterator)
    gc.collect()
    things = [Thing() for _ in range(20)]
    for key, thing in enumerate(things):
        m[key] = thing
    pair = next(iterator)
    assert gc.is_tracked(pair)
    things[pair[0]].pair = pair  # type: ignore[attr-defined]
    gone = weakref.ref(pair[1])
    del iterator, m, things, pair, thing
    gc.collect()
    assert gone() is None


def test_referents(map_class: Class) -> None:
    keys, values = [Key(i) for i in range(100)], [Thing() for _ in range(100)]
    m = map_class(object, object, zip(keys, values, strict=True))
    found = collections.Counter(map(id, gc.get_referents(m)))
    assert all(found[id(each)] == 1 for each in keys + values)
    assert m in gc.get_referrers(keys[0])
    m = map_class(object, int, dict.fromkeys(keys, 0))
    assert set(map(id, keys)) <= set(map(id, gc.get_referents(m)))
    m = map_class(int, object, enumerate(values))
    assert set(map(id, values)) <= set(map(id, gc.get_referents(m)))
    s = Set(object, keys)
    assert set(map(id, keys)) <= set(map(id, gc.get_referents(s)))
    iterator = iter(m.items())
    value = next(iterator)[1]
    assert any(each is m for each in gc.get_referents(iterator))
    # The pair is kept to be filled again, but not where another thread may take a reference meanwhile.
    kept = not sysconfig.get_config_var("Py_GIL_DISABLED")
    assert any(isinstance(each, tuple) and each[1] is value for each in gc.get_referents(iterator)) == kept


def test_the_collector_looks_where_it_must(map_class: Class) -> None:
    for types, tracked in (
        ((int, int), False),
        ((str, int), False),
        ((bytes, str), False),
        (("struct{a int8}", str), False),
        ((object, int), True),
        ((str, object), True),
        ((str, "*any"), True),
    ):
        m = map_class(*types)
        assert gc.is_tracked(m) is tracked
        assert gc.is_tracked(m.copy()) is tracked
        assert gc.is_tracked(pickle.loads(pickle.dumps(m))) is tracked
        assert gc.is_tracked(m | {}) is tracked
        assert gc.is_tracked(type("Sub", (map_class,), {})(*types))
    for key, tracked in ((int, False), (str, False), (object, True)):
        s = Set(key)
        assert gc.is_tracked(s) is tracked
        assert gc.is_tracked(s | set()) is tracked


def test_collecting_at_any_time(map_class: Class) -> None:
    """With the collector running at every allocation."""
    threshold = gc.get_threshold()
    gc.set_threshold(1)
    try:
        model: dict[Any, Any] = {}
        m = map_class(object, object)
        for i in range(300):
            m[i, str(i)] = model[i, str(i)] = [i]
            if i % 3 == 0:
                assert m.pop((i // 2, str(i // 2)), None) == model.pop((i // 2, str(i // 2)), None)
            if i % 50 == 0:
                assert list(m.copy().items()) == list(m.copy().items()) or len(m) == len(model)
        assert_same_objects(m, model)
        while m:
            m.popitem()
    finally:
        gc.set_threshold(*threshold)


def test_weak_references_tell_when_objects_go(map_class: Class) -> None:
    told: list[str] = []
    m = map_class(object, object)

    def fresh(number: int) -> None:
        key, value = Key(number), Thing()
        m[key] = value
        watching.extend(
            weakref.ref(each, lambda _, name=name: told.append(f"{name} {m._check()}"))
            for name, each in (("key", key), ("value", value))
        )

    watching: list[Any] = []
    for gone in (
        lambda: m.pop(Key(1)) and None,
        lambda: m.__delitem__(Key(1)),
        lambda: m.popitem() and None,
        lambda: m.clear(),
    ):
        fresh(1)
        assert told == []
        gone()
        assert sorted(told) == ["key None", "value None"]
        told.clear()
    fresh(1)
    m[Key(1)] = None
    assert told == ["value None"]
    del m[Key(1)]
    assert told == ["value None", "key None"]


def test_a_map_of_weak_references(map_class: Class) -> None:
    m = map_class(object, object)
    things = [Thing() for _ in range(100)]
    for thing in things:
        m[weakref.ref(thing, lambda gone: m.pop(gone))] = None
    assert len(m) == 100
    del things[:50]
    assert len(m) == 50
    del things, thing
    assert_same_objects(m, {})


@pytest.mark.parametrize("depth", [100_000])
def test_deep_nesting_goes_without_a_crash(map_class: Class, depth: int) -> None:
    def as_value(inner: Any) -> Any:
        return map_class(int, object, {0: inner})

    def in_tuple(inner: Any) -> Any:
        return map_class(object, int, {(0, Box(inner)): 0})

    def in_set(inner: Any) -> Any:
        return Set(object, [Box(inner)])

    class Box:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

    class Sub(map_class):
        pass

    def as_value_of_a_subclass(inner: Any) -> Any:
        return Sub(int, object, {0: inner})

    for nest in (as_value, in_tuple, in_set, as_value_of_a_subclass):
        nested = None
        for _ in range(depth):
            nested = nest(nested)
        gone = weakref.ref(nested)
        del nested
        assert gone() is None
    nested = innermost = map_class(int, object)
    for _ in range(depth):
        nested = as_value(nested)
    innermost[0] = nested  # for the collector
    gone = weakref.ref(nested)
    del nested, innermost
    gc.collect()
    assert gone() is None

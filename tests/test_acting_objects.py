"""Objects whose own code runs in the midst of an operation, and changes the map."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from object_cases import OPERATIONS, Key, Operation, assert_same_objects
from support import Class, each

from gomap import Set

Maps = Any  # a map or a Set, with what the two have in common


def put(m: Maps, key: Any) -> None:
    m.add(key) if isinstance(m, Set) else m.setdefault(key)


def take(m: Maps, key: Any) -> None:
    m.discard(key) if isinstance(m, Set) else m.pop(key, None)


def delete_all(m: Maps) -> None:
    while m:
        m.pop() if isinstance(m, Set) else m.popitem()


def delete_some(m: Maps) -> None:
    for key in [one for one in m if isinstance(one, int)][::2]:
        take(m, key)


def insert_many(m: Maps) -> None:
    start = len(m)
    for i in range(1000):
        put(m, f"new {start + i}")


def insert_one(m: Maps) -> None:
    put(m, f"another {len(m)}")


def insert_of_the_same_hash(m: Maps) -> None:
    if len(m) < 200:
        put(m, Plain(5))


def replace(m: Maps) -> None:
    """As many as before, but others."""
    keys = [each for each in m if type(each) is Acting]
    for key in keys:
        Acting.quiet += 1
        try:
            take(m, key)
            put(m, Plain(5))
        finally:
            Acting.quiet -= 1


def fail(m: Maps) -> None:
    raise ZeroDivisionError("as it is told")


def iterate(m: Maps) -> None:
    assert len(list(m)) == len(m)
    if not isinstance(m, Set):
        list(m.items())
        list(m.values())


def compare(m: Maps) -> None:
    Acting.quiet += 1
    try:
        assert m.copy() == m or True
    finally:
        Acting.quiet -= 1


def overwrite(m: Maps) -> None:
    if not isinstance(m, Set):
        for key in [each for each in m if isinstance(each, int)]:
            m[key] = m[key]


ACTIONS: dict[str, Callable[[Maps], None]] = {
    "nothing": lambda m: None,
    "raise": fail,
    "delete all": delete_all,
    "delete some": delete_some,
    "clear": lambda m: m.clear(),
    "clear and fill": lambda m: (m.clear(), insert_many(m)),
    "insert one": insert_one,
    "insert one of the hash": insert_of_the_same_hash,
    "insert many": insert_many,
    "replace": replace,
    "overwrite": overwrite,
    "copy": lambda m: m.copy(),
    "iterate": iterate,
    "compare": compare,
    "reserve": lambda m: m.reserve(5 * len(m) + 10),
    "compact": lambda m: m.compact() if hasattr(m, "compact") else None,
    "collect": lambda m: gc.collect(),
    "pickle": lambda m: m.__reduce__(),
    "report": lambda m: (m.memory(), m.stats(), m._check(), m.nbytes, m._walk()),
}


class Plain:
    """A key with the hash of those that act, and equal to none."""

    def __init__(self, hash_: int) -> None:
        self.hash = hash_

    def __hash__(self) -> int:
        return self.hash


class Acting:
    """A key that does something whenever it is compared or asked for its hash; when it dies, if told to."""

    on: str = ""
    equal: bool = False
    maps: tuple[Any, ...] = ()
    action: Callable[[Any], None] = staticmethod(ACTIONS["nothing"])
    quiet = 0
    ran = 0

    @classmethod
    def act(cls, when: str) -> None:
        if when != cls.on or cls.quiet:
            return
        cls.quiet += 1  # not within itself
        try:
            for m in cls.maps:
                cls.action(m)
                assert m._check() is None
        finally:
            cls.quiet -= 1
            cls.ran += 1

    def __hash__(self) -> int:
        self.act("hash")
        return 5

    def __eq__(self, other: object) -> Any:
        self.act("eq")
        return self.equal

    def __del__(self) -> None:
        self.act("del")

    def __repr__(self) -> str:
        self.act("repr")
        return "Acting()"


@pytest.fixture
def quiet() -> Iterator[None]:
    yield
    Acting.on, Acting.maps, Acting.equal, Acting.action = "", (), False, staticmethod(ACTIONS["nothing"])
    gc.collect()


def run(make: Callable[[Any], Any], operation: Operation, on: str, action: Any, equal: bool) -> None:
    Acting.on = ""
    m = make([Acting(), *range(20), Plain(5)])
    Acting.equal = False
    for _ in range(3):
        put(m, Acting())
    Acting.equal, Acting.action = equal, staticmethod(action)
    Acting.maps, Acting.on = (m,), on
    try:
        operation(m, Acting())
    except (ZeroDivisionError, KeyError, RuntimeError):
        pass  # as it was told; the key is absent, or is by then; inserted to while it was iterated
    finally:
        Acting.on = ""
    assert m._check() is None
    assert len(list(m)) == len(m)
    assert sum(m._walk().values()) == m.nbytes
    Acting.on = on
    m.clear()
    Acting.on = ""
    m.clear()
    assert len(m) == 0
    assert m._check() is None
    Acting.maps = ()


@pytest.mark.usefixtures("quiet")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("on", ["eq", "hash", "del"])
@each(OPERATIONS, "case")
def test_code_that_changes_the_map(case: tuple[Callable[[Any], Any], Operation], on: str) -> None:
    make, operation = case
    for action in ACTIONS.values():
        if on == "del" and action is fail:
            continue  # an unraisable one is for all to see
        for equal in (False, True):
            run(make, operation, on, action, equal)


@pytest.mark.usefixtures("quiet")
def test_it_is_known_that_the_code_ran() -> None:
    """What the tests above rest upon."""
    for on in ("eq", "hash", "del"):
        for make, operation in (OPERATIONS["Map to object: get item"], OPERATIONS["Set: discard"]):
            Acting.ran = 0
            run(make, operation, on, ACTIONS["delete some"], True)
            assert Acting.ran > 0


@pytest.mark.parametrize("equal", [False, True])
@pytest.mark.usefixtures("quiet")
def test_results_where_a_comparison_changes_the_map(map_class: Class, equal: bool) -> None:
    """As a dict's, where a dict says what it is."""
    for action in (insert_many, delete_some, iterate, overwrite, insert_one):
        Acting.on = ""
        held = Acting()
        m = map_class(object, object, [(held, "held"), *((i, i) for i in range(100, 120))])
        Acting.on, Acting.equal, Acting.action, Acting.maps = "eq", equal, staticmethod(action), (m,)
        wanted = Acting()
        assert (wanted in m) is equal
        assert m.get(wanted, "absent") == ("held" if equal else "absent")
        m[wanted] = "new"
        assert (m[held], m[wanted]) == (("new", "new") if equal else ("held", "new"))
        assert m.setdefault(wanted, "default") == "new"
        assert m.pop(wanted) == "new"
        assert (held in m) is not equal
        assert m._check() is None


def test_the_key_that_is_found_may_go_meanwhile(map_class: Class) -> None:
    class Leaving(Key):
        def __eq__(self, other: object) -> bool:
            if leaving:
                leaving.pop()
                del m[self]
            return super().__eq__(other)

        __hash__ = Key.__hash__

    leaving: list[int] = []
    for operation, expected in (
        (lambda m: m[Leaving(1)], KeyError),
        (lambda m: m.pop(Leaving(1)), KeyError),
        (lambda m: m.__delitem__(Leaving(1)), KeyError),
        (lambda m: Leaving(1) in m, False),
        (lambda m: m.get(Leaving(1)), None),
        (lambda m: m.setdefault(Leaving(1), "default"), "default"),
        (lambda m: m.__setitem__(Leaving(1), "value"), None),
    ):
        m = map_class(object, object, {Leaving(1): "held", 5: 5})
        leaving.append(1)
        if expected is KeyError:
            with pytest.raises(KeyError):
                operation(m)
        else:
            assert operation(m) == expected
        assert not leaving
        assert m._check() is None


def test_comparisons_are_a_dict_s(map_class: Class) -> None:
    """The one in the map on the left, each one once, none that has another hash, none when it is the same."""

    class Noted(Key):
        def __eq__(self, other: object) -> bool:
            noted.append((self.number, other.number))  # type: ignore[attr-defined]
            return self.number % 10 == other.number % 10  # type: ignore[attr-defined]

        __hash__ = Key.__hash__

    noted: list[tuple[int, int]] = []
    m, model = map_class(object, object), {}
    held = Noted(1, 0)
    for mapping in (m, model):
        mapping[held] = "held"
    for operation in (
        lambda m: m[held],
        lambda m: m[Noted(11, 0)],
        lambda m: Noted(2, 0) in m,
        lambda m: Noted(2, 1) in m,
        lambda m: m.setdefault(Noted(21, 0)),
        lambda m: m.__setitem__(Noted(31, 0), "other"),
        lambda m: m.pop(Noted(41, 0)),
    ):
        noted.clear()
        expected = operation(model)
        noted_by_dict = list(noted)
        noted.clear()
        assert operation(m) == expected
        assert noted == noted_by_dict
    assert_same_objects(m, {})


def test_setdefault_of_a_string_compares_once(map_class: Class) -> None:
    noted: list[int] = []

    class Noted(Key):
        def __eq__(self, other: object) -> bool:
            noted.append(1)
            return super().__eq__(other)

        __hash__ = Key.__hash__

    m = map_class(object, str, {Noted(1, 0): "held"})
    assert m.setdefault(Noted(1, 0), "default") == "held"
    assert m.setdefault(Noted(2, 0), "default") == "default"
    assert len(noted) == 2
    m[Noted(2, 0)] = "longer than what was there"
    assert sorted(m.values()) == ["held", "longer than what was there"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_finalisers_of_values(map_class: Class) -> None:
    class Last:
        def __init__(self, map_: Any, action: Callable[[Any], None]) -> None:
            self.map, self.action = map_, action

        def __del__(self) -> None:
            ran.append(1)
            self.action(self.map)
            assert self.map._check() is None

    ran: list[int] = []
    removals: dict[str, Callable[[Any], Any]] = {
        "overwrite": lambda m: m.__setitem__(3, None),
        "update": lambda m: m.update(dict.fromkeys(range(50))),
        "delete": lambda m: m.__delitem__(3),
        "pop": lambda m: m.pop(3),
        "popitem": lambda m: m.popitem(),
        "clear": lambda m: m.clear(),
        "init": lambda m: m.__init__(int, object, {3: None}),
    }
    for name, action in ACTIONS.items():
        if name == "raise":
            continue
        for remove in removals.values():
            ran.clear()
            m = map_class(int, object)
            m.update((i, Last(m, action)) for i in range(20))
            remove(m)
            assert ran
            assert m._check() is None
            assert len(list(m)) == len(m)
            for value in m.values():
                if value is not None and not isinstance(value, int):
                    value.action = ACTIONS["nothing"]
            m.clear()
            assert m._check() is None


def test_finalisers_that_keep_what_they_are_given(map_class: Class) -> None:
    """Objects that are brought back to life, and maps that are."""

    class Phoenix:
        def __del__(self) -> None:
            kept.append(self)

    kept: list[Any] = []
    m = map_class(object, object, {Phoenix(): Phoenix(), 5: Phoenix()})
    m.clear()
    assert len(kept) == 3
    m = map_class(object, object, {1: kept})

    class Final(map_class):
        def __del__(self) -> None:
            kept.append(self)

    m = Final(object, object, {1: "one", (2,): "two"})
    del m
    m = kept.pop()
    assert m == {1: "one", (2,): "two"}
    m.cycle = m
    m[3] = m
    del m
    gc.collect()
    assert len(kept) == 3


def test_a_dying_map_is_seen_by_nobody(map_class: Class) -> None:
    class Last:
        def __del__(self) -> None:
            seen.append(weak())
            seen.extend(each for each in gc.get_objects() if id(each) == address)

    seen: list[Any] = []
    m = map_class(object, object, {i: Last() for i in range(50)})
    weak, address = weakref.ref(m), id(m)
    del m
    assert seen == [None] * 50


def test_an_iterator_s_own_pair(map_class: Class) -> None:
    """Dropping what the last pair held may run the iterator on."""

    class Onward:
        def __del__(self) -> None:
            got.append(next(iterator, None))

    got: list[Any] = []
    m = map_class(int, object, {i: Onward() for i in range(50)})
    iterator = iter(m.items())
    for pair in iterator:
        key = pair[0]
        del pair
        m[key] = key
    assert m._check() is None
    assert all(each is None or each[0] in range(50) for each in got)


def test_a_list_that_grows_while_its_elements_are_removed() -> None:
    """By a comparison, or by another thread: only what stood in it at the beginning is removed."""

    class Growing(Key):
        __hash__ = Key.__hash__

        def __eq__(self, other: object) -> bool:
            if len(removed) < 20_000:
                removed.extend(Key(1 + len(removed) % 4, 7) for _ in range(4))
            return super().__eq__(other)

    removed: list[Any] = [None] * 20_000
    kept = [Growing(i, 7) for i in range(5)]
    s = Set(object, kept)
    removed[:] = [Key(0, 7)]
    s.difference_update(removed)
    assert len(removed) > 1
    assert s == set(kept[1:])
    assert s._check() is None

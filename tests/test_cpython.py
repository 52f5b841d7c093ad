"""What src/gomap/_core/cpython.h relies on: the insides of CPython's objects, which differ by version.

These tests hold for every version, and for a build that uses the public API alone. One that fails on a new
version says what has changed there.
"""

from __future__ import annotations

import copy
import gc
import os
import sys
import sysconfig
import weakref
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
from conftest import LARGEST_SHARED_INT, TEXTS, Thing, Word

from gomap import GoMap, Map, Set, _core

#: An iterator keeps its last pair, but not where another thread may take a reference meanwhile.
KEEPS_PAIRS = not sysconfig.get_config_var("Py_GIL_DISABLED")

Class = Any  # one of the map classes


def test_what_is_known() -> None:
    """3.11 to 3.15 are known; of the next version nothing is taken for granted."""
    public_only = "GOMAP_PUBLIC_API" in os.environ.get("CFLAGS", "")
    assert _core._knows_cpython() is ((3, 11) <= sys.version_info < (3, 16) and not public_only)


# ---- ints --------------------------------------------------------------------------------------------

#: About every number of digits, of 30 bits and of 15, about the sizes of types, and about the shared ints.
EDGES = (0, *(2**bits for bits in (7, 8, 10, 15, 16, 30, 31, 32, 45, 59, 60, 61, 62, 63, 64, 65, 90, 120)))
NUMBERS = sorted({sign * (edge + step) for edge in EDGES for step in range(-6, 7) for sign in (1, -1)})
LIMITS = {f"{sign}int{bits}": bits for sign in ("", "u") for bits in (8, 16, 32, 64)}

#: Ways to an int: they may leave digits that are not used any more.
MAKERS: dict[str, Callable[[int], int]] = {
    "as it stands": lambda n: n,
    "from text": lambda n: int(str(n)),
    "from bytes": lambda n: int.from_bytes(n.to_bytes(32, "little", signed=True), "little", signed=True),
    "a difference": lambda n: (n + 2**200) - 2**200,
    "a quotient": lambda n: (n * 3**100) // 3**100,
    "a product": lambda n: -n * -1,
    "of bits": lambda n: (n << 100) >> 100,
}


def fits(spelling: str, number: int) -> bool:
    bits = LIMITS[spelling]
    low = 0 if spelling.startswith("u") else -(2 ** (bits - 1))
    return low <= number < low + 2**bits


@pytest.mark.parametrize("way", MAKERS)
@pytest.mark.parametrize("spelling", LIMITS)
def test_ints_go_in_and_come_out(spelling: str, way: str) -> None:
    m, s = Map(spelling, spelling), Set(spelling)
    numbers = [number for number in NUMBERS if fits(spelling, number)]
    for number in numbers:
        m[MAKERS[way](number)] = MAKERS[way](number)
        s.add(MAKERS[way](number))
    assert sorted(m) == sorted(m.values()) == sorted(s) == numbers
    for array in m.to_arrays():  # which are not made of Python's ints
        assert sorted(memoryview(array).tolist()) == numbers
    for number in numbers:
        made = MAKERS[way](number)
        assert (m[made], made in s) == (number, True)
        assert repr(m.pop(made)) == repr(number)
    assert (len(m), m._check()) == (0, None)


@pytest.mark.parametrize("spelling", LIMITS)
def test_ints_that_do_not_fit(spelling: str) -> None:
    zero = {0: 0}
    m, of_structs = Map(spelling, spelling, zero), Map(int, f"struct{{a {spelling}}}", {0: (0,)})
    for number in NUMBERS:
        if fits(spelling, number):
            of_structs[0] = (number,)
            assert of_structs[0] == (number,)
            continue
        assert number not in m
        for refused in (
            lambda number=number: m.update({number: 0}),
            lambda number=number: m.update({0: number}),
            lambda number=number: of_structs.update({0: (number,)}),
        ):
            with pytest.raises(OverflowError, match=str(number)):
                refused()
    assert m == zero


def test_other_ints_than_exact_ones() -> None:
    class Number(int):
        __slots__ = ()

    for number in NUMBERS:
        if fits("int64", number):
            m = Map(int, "struct{a int; b int8}", {Number(number): (Number(number), Number(5))})
            assert list(m.items()) == [(number, (number, 5))]
            assert m[number] == m[Number(number)]
    for spelling in LIMITS:
        with pytest.raises(TypeError, match="expected int"):
            Map(spelling, int)[True] = 1


def test_shared_objects_come_out_as_they_are() -> None:
    """Small ints and the shortest strings are the interpreter's own; how many ints are differs by version."""
    shared = [n for n in range(-300, 3000) if int(str(n)) is int(str(n))]
    assert shared == list(range(-5, LARGEST_SHARED_INT + 1))
    for spelling in LIMITS:
        numbers = [number for number in shared if fits(spelling, number)]
        for out in (list(Map(spelling, int, dict.fromkeys(numbers, 0))), list(Set(spelling, numbers))):
            assert all(each is int(str(each)) for each in out)
    texts = ["", *map(chr, range(256))]
    out = dict(Map(str, "bytes", {text: text.encode("latin-1") for text in texts}).items())
    for text, content in out.items():
        assert text is "".join(list(text))
        assert content is bytes(list(content))
    for constant in (None, True, False):
        assert Map(int, type(constant) if constant is not None else None, {1: constant})[1] is constant


# ---- tuples ------------------------------------------------------------------------------------------


def assert_tuple(made: Any, like: Any, cls: type = tuple) -> None:
    """Equal in all that Python asks of a tuple, the hash more than once."""
    assert type(made) is cls
    assert made == like
    assert like == made
    assert hash(made) == hash(like) == hash(made)
    assert made in {like}
    assert like in {made}
    assert {made: 1}[like] == {like: 1}[made] == 1
    assert tuple(made) == like
    assert len(made) == len(like)
    assert copy.deepcopy(made) == like
    for one, other in zip(made, like, strict=True):
        if isinstance(one, tuple):
            assert_tuple(one, tuple(other), type(one))


STRUCTS = {
    "struct{a int8}": [(1,), (-2,)],
    "struct{a int; b float64}": [(1, 2.5), (2**60, float("inf"))],
    "struct{a [3]byte; b bool; c uint64}": [(b"abc", True, 2**64 - 1), (b"\0\0\0", False, 0)],
    "struct{a int; b struct{c uint16; d struct{e int8}}; f bool}": [
        (1, (2, (3,)), True),
        (0, (0, (0,)), False),
    ],
    f"struct{{{'; '.join(f'f{i} int16' for i in range(30))}}}": [tuple(range(30)), tuple(range(-30, 0))],
}


@pytest.mark.parametrize("spelling", STRUCTS, ids=lambda spelling: spelling[:40])
def test_named_tuples(map_class: Class, spelling: str) -> None:
    one, other = STRUCTS[spelling]
    m, s = map_class(spelling, spelling, {one: other, other: one}), Set(spelling, [one, other])
    cls = m.key_type.namedtuple
    for made in (
        *m,
        *s,
        *m.values(),
        *(part for item in m.items() for part in item),
        m[one],
        m.get(other),
        m.setdefault(one),
        m.pop(one),
        *m.popitem(),
        s.pop(),
    ):
        assert_tuple(made, one if made == one else other, cls)
        assert made._fields == cls._fields
        assert isinstance(made, cls)
        assert made._replace(**{made._fields[0]: made[0]}) == made
        assert gc.is_tracked(made) or not gc.is_tracked(cls(*made))
    assert m._check() is None


def test_a_named_tuple_is_released() -> None:
    m = Map(int, "struct{a int; b struct{c int; d [100]byte}}", {1: (2**40, (2**41, bytes(100)))})

    def work() -> None:
        for _ in range(1000):
            hash(m[1])

    work()
    before = sys.getallocatedblocks()
    work()
    assert sys.getallocatedblocks() - before < 50


ENTRIES: dict[Any, Any] = {i: str(i) for i in range(50)}


def pairs(m: Any) -> Iterator[Iterator[Any]]:
    """Everything that makes pairs."""
    for source in (m, m.copy(), type("Sub", (type(m),), {})(int, str, m)):
        yield iter(source.items())
        yield iter(list(source.items()))
        yield (source.popitem() for _ in range(len(source) // 2))


def test_pairs(map_class: Class) -> None:
    m = map_class(int, str, ENTRIES)
    for each in pairs(m):
        for pair in each:
            assert_tuple(pair, (pair[0], ENTRIES[pair[0]]))


def test_a_pair_that_is_filled_anew_has_the_new_hash(map_class: Class) -> None:
    """The pair of before is nobody's but the iterator's, so it is used again; its hash was asked for."""
    m = map_class(int, str, ENTRIES)
    assert sorted(map(hash, m.items())) == sorted(map(hash, ENTRIES.items()))
    places = len(set(map(id, m.items())))
    if KEEPS_PAIRS:  # else the allocator may give the same place again
        assert places == (1 if _core._knows_cpython() else 2)
    iterator = iter(m.items())
    for _ in range(len(m) // 2):
        hash(next(iterator))  # and is dropped
        pair = next(iterator)
        assert_tuple(pair, (pair[0], ENTRIES[pair[0]]))
        del pair


def test_a_pair_that_others_have_stays_as_it_is(map_class: Class) -> None:
    """However it is referred to: by a variable, from the stack alone, from a generator, from a container."""
    m = map_class(int, str, ENTRIES)
    iterator = iter(m.items())

    def twice(one: Any, other: Any) -> tuple[Any, Any]:
        return (one, tuple(one)), (other, tuple(other))

    for kept, was in twice(next(iterator), next(iterator)):
        assert kept == was
    assert next(iterator) != next(iterator)
    assert len({next(iterator), next(iterator), next(iterator)}) == 3
    assert (next(iterator) + next(iterator))[0::2] != (next(iterator)[0],) * 2
    local = next(iterator)
    before = tuple(local)
    assert next(iterator) != local == before
    held = [each for each, _ in zip(iterator, range(10), strict=False)]
    assert len(set(held)) == 10

    def generated() -> Iterator[Any]:
        for pair in iterator:
            next(iterator, None)
            yield pair
            next(iterator, None)

    for pair in generated():
        copied = tuple(pair)
        assert pair == copied
        assert pair[1] == ENTRIES[pair[0]]


# ---- bytes of structs --------------------------------------------------------------------------------


def test_bytes_in_use_are_not_used_again(map_class: Class) -> None:
    """A struct is packed in an object that is used again, but not while another one is being packed."""
    m = map_class("struct{a int; b int}", "struct{a int; b int}", {(i, i): (i, -i) for i in range(10)})

    class Deep:
        def __init__(self, number: int, depth: int) -> None:
            self.number, self.depth = number, depth

        def __index__(self) -> int:
            if self.depth:
                inner = Deep(self.number + 1, self.depth - 1)
                assert m[inner, self.number + 1] == (self.number + 1, -self.number - 1)
                m[self.number + 50, inner] = (inner, 0)
            return self.number

    for depth in (0, 1, 2, 5):
        assert m[Deep(0, depth), Deep(0, depth)] == (0, 0)
        m[Deep(100, 0), Deep(0, depth)] = (Deep(1, depth), Deep(2, depth))
        assert m[100, 0] == (1, 2)
    assert m._check() is None


# ---- text --------------------------------------------------------------------------------------------

KINDS = ("a", "z\0", "\x7f", "\x80", "é", "ÿ", "Ā", "€", "漢", "\ud800", "\uffff", "𝄞", "\U0010ffff")
WORDS = dict.fromkeys(
    [*TEXTS, *(kind * length for kind, length in product(KINDS, (0, 1, 2, 7, 8, 9, 63, 64, 65, 300)))]
    + ["a" * length + kind for kind, length in product(KINDS, (1, 7, 8, 63, 64, 65))]
)


def assert_text(made: Any, like: str) -> None:
    """Equal, and kept as CPython keeps it."""
    assert type(made) is str
    assert made == like
    assert hash(made) == hash(like)
    assert made in {like}
    assert made.isascii() is like.isascii()
    plain = "".join(list(like))
    assert len(made) == len(like)
    assert made.__sizeof__() <= plain.__sizeof__()
    assert (made + "x").encode("utf-8", "surrogatepass") == (like + "x").encode("utf-8", "surrogatepass")
    assert made.translate({}) == like


@pytest.mark.parametrize("form", [str, Word], ids=lambda form: form.__name__)
def test_text_of_each_kind(map_class: Class, form: Callable[[str], str]) -> None:
    m, s = map_class(str, str), Set(str)
    for word in WORDS:
        m[form(word)] = form(word[::-1])
        s.add(form(word))
    assert len(m) == len(s) == len(WORDS)
    for word in WORDS:
        assert_text(m[form(word)], word[::-1])
        assert "".join(list(word)) in s
    for made in [*m, *s]:
        assert_text(made, made.encode("utf-8", "surrogatepass").decode("utf-8", "surrogatepass"))
        assert made in WORDS
    assert m._check() is None


def test_text_among_objects(map_class: Class) -> None:
    """Compared without running Python code, where both are exactly str."""
    m = map_class(object, int, {word: i for i, word in enumerate(WORDS)})
    for i, word in enumerate(WORDS):
        other = ("x" + word)[1:]
        assert m[other] == i
        assert m[Word(other)] == i
        assert (other + "\0" in m) is (other + "\0" in WORDS)
        longer = "𝄞" + other  # of another width, cut off again
        assert m[longer[1:]] == i


# ---- sizes -------------------------------------------------------------------------------------------

BODIES: dict[str, dict[str, Any]] = {
    "attributes": {},
    "no attributes": {"__slots__": ()},
    "slots": {"__slots__": ("one", "two")},
    "a slot and attributes": {"__slots__": ("one", "__dict__")},
}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("cls", [Map, GoMap, Set])
def test_getsizeof(cls: Class, body: str) -> None:
    """What sys.getsizeof adds by itself is subtracted, whatever stands before an object of the class."""
    types = (int,) if cls is Set else (int, object)
    derived = type("Derived", (cls,), BODIES[body])
    for m in (cls(*types), derived(*types), type("More", (derived,), {})(*types)):
        assert sys.getsizeof(m) == m.nbytes
        m.update([1, 2, 3] if cls is Set else {1: m, 2: 3})
        assert sys.getsizeof(m) == m.nbytes
        m.clear()


# ---- the collector -----------------------------------------------------------------------------------


@pytest.mark.parametrize("derived", [False, True], ids=["itself", "derived"])
@pytest.mark.parametrize("cls", [Map, GoMap, Set])
def test_the_collector_sees_what_is_in_them(cls: Class, derived: bool) -> None:
    types = (object,) if cls is Set else (object, object)
    m = (type("Derived", (cls,), {}) if derived else cls)(*types)
    held = [Thing(i) for i in range(20)]
    m.update(held if cls is Set else dict.fromkeys(held, held))
    assert gc.is_tracked(m)
    referents = set(map(id, gc.get_referents(m)))
    assert set(map(id, held)) <= referents
    assert (id(held) in referents) is (cls is not Set)
    iterator = iter(m) if cls is Set else iter(m.items())
    pair = next(iterator)
    assert any(each is m for each in gc.get_referents(iterator))
    assert any(each is pair for each in gc.get_referents(iterator)) is (cls is not Set and KEEPS_PAIRS)
    held.append(m)  # a way round
    held.append(iterator)
    held[0].__dict__["held"] = held
    gone = weakref.ref(held[0])
    del m, held, iterator, pair
    gc.collect()
    assert gone() is None


def test_the_collector_sees_a_pair_again(map_class: Class) -> None:
    """It forgets tuples of what leads nowhere, and this one is then given what does."""
    m = map_class(int, object, ENTRIES)
    iterator = iter(m.items())
    hash(next(iterator))
    gc.collect()
    m.update({key: [key] for key in ENTRIES})
    for _ in range(10):
        assert all(map(gc.is_tracked, [next(iterator)]))
        gc.collect()


# ---- classes -----------------------------------------------------------------------------------------


def test_what_classes_were_given() -> None:
    """The name of the package, and an attribute: neither is taken from Python by an extension's class."""
    for cls in (Map, GoMap, Set):
        assert (cls.__module__, cls.__qualname__, repr(cls)) == (
            "gomap",
            cls.__name__,
            f"<class 'gomap.{cls.__name__}'>",
        )
        assert "__init_subclass__" in cls.__mro__[-2].__dict__
        with pytest.raises(TypeError):
            cls.__module__ = "other"
        with pytest.raises(TypeError):
            type("Both", (cls, GoMap if cls is Map else Map), {})


# ---- references --------------------------------------------------------------------------------------


def everything(map_class: Class) -> None:
    """Each way in and out, some of them failing."""
    words = list(WORDS)[:30]
    for key, value, entries in (
        (int, int, {2**i: -(2**i) for i in range(62)}),
        (str, "bytes", {word: word.encode("utf-8", "surrogatepass") for word in words}),
        (
            "struct{a int; b struct{c [3]byte}}",
            "struct{x float64}",
            {(i, (b"abc",)): (0.5,) for i in range(9)},
        ),
        (object, object, {(i, str(i)): [i] for i in range(30)}),
    ):
        m = map_class(key, value, entries)
        for one, other in entries.items():
            assert m[one] == other
            m.setdefault(one, other)
            m[one] = other
        assert dict(m.items()) == entries
        hash(tuple(map(hash, m)))
        assert m == m.copy() == copy.deepcopy(m)
        repr(m), sys.getsizeof(m), gc.get_referents(m)
        columns = m.to_arrays()
        m.set_many(*columns)
        m.get_many(columns[0])
        iterator = iter(m.items())
        next(iterator)
        for wrong in ((Thing(1), 1), (2**70, 2**70), (1.5, "x"), (None, None)):
            try:
                m[wrong[0]] = wrong[1]
            except (TypeError, ValueError, OverflowError):
                m.pop(wrong[0], None) if key is object else None
            else:
                del m[wrong[0]]
        m.pop(next(iter(m)))
        m.popitem()
        s = Set(key, m)
        s.discard(s.pop())
        m.clear()


@pytest.mark.skipif(not hasattr(sys, "gettotalrefcount"), reason="only debug builds count all references")
def test_no_reference_is_lost(map_class: Class) -> None:
    def counted() -> tuple[int, int]:
        gc.collect()
        return sys.gettotalrefcount(), sys.getallocatedblocks()  # type: ignore[attr-defined]

    for _ in range(5):  # caches are filled
        everything(map_class)
    grown = []
    for _ in range(8):
        before = counted()
        everything(map_class)
        after = counted()
        grown.append((after[0] - before[0], after[1] - before[1]))
    assert any(references <= 0 for references, _ in grown), grown
    assert any(blocks <= 0 for _, blocks in grown), grown

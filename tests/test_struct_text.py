"""Structs with strings among their fields: as values and as keys."""

from __future__ import annotations

import copy
import pickle
import random
import re
import sys
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import assert_same, in_turn

from gomap import GoMap, Map, Set, estimate
from gomap.types import MAX_KEY_WITH_STRINGS, MAX_STRINGS, parse

Class = Any  # one of the map classes
Examples = Callable[[str, int], list[Any]]

CITY = "struct{name string; population uint32; country [2]byte; flag bytes}"
PAIR = "struct{a string; b string}"
NESTED = "struct{a uint8; b struct{c string; d struct{e bytes; f float64}}; g string}"

#: About where a string moves from the entry into the string region, and from class to class there.
LENGTHS = (0, 1, 15, 16, 17, 20, 24, 25, 40, 129, 500, 5000)


def city(number: int) -> tuple[str, int, bytes, bytes]:
    name = f"{'é' if number % 5 == 0 else 'x'}{number}" * (number % 9)
    return (name, number, b"DE" if number % 2 else b"FR", bytes([number % 256]) * (number * 7 % 60))


def texts(number: int) -> tuple[str, str]:
    return (f"{number // 3}" * LENGTHS[number % 8], "y" * LENGTHS[number % 7] + f"{number}")


def nested(number: int) -> tuple[Any, ...]:
    return (number % 256, (f"{number}" * (number % 11), (b"\0" * (number % 40), number / 4)), "€" * (number % 23))


MAKERS: dict[str, Callable[[int], Any]] = {CITY: city, PAIR: texts, NESTED: nested, "*" + CITY: city}

# ---- a life, beside a dict -----------------------------------------------------------------------------


@pytest.mark.parametrize("value", MAKERS)
@pytest.mark.parametrize("key", ["int", "string", "[129]byte", PAIR, NESTED, "any"])
def test_life(map_class: Class, key: str, value: str) -> None:
    choose = random.Random(3)
    make = MAKERS[value]
    plain: dict[str, Callable[[int], Any]] = {
        "int": int,
        "string": lambda i: f"{i}" * (i % 12),
        "[129]byte": lambda i: i.to_bytes(129, "little"),
        "any": lambda i: (i, str(i)),
        PAIR: texts,
        NESTED: nested,
    }
    make_key = plain[key]
    m, model = map_class(key, value), {}
    for step in range(2500):
        i = choose.randrange(600)
        if choose.random() < 0.6:
            m[make_key(i)] = model[make_key(i)] = make(choose.randrange(3000))
        elif choose.random() < 0.5:
            assert m.pop(make_key(i), None) == model.pop(make_key(i), None)
        else:
            assert m.setdefault(make_key(i), make(i)) == model.setdefault(make_key(i), make(i))
        if step % 500 == 0:
            assert dict(m.items()) == model
            assert m._check() is None
    assert dict(m.items()) == model
    assert m == model
    for copied in (m.copy(), copy.deepcopy(m), pickle.loads(pickle.dumps(m)), type(m)(key, value, m)):
        assert copied == model
        assert copied._check() is None
    for each in list(model):
        assert m[each] == model[each]
        del m[each]
    assert len(m) == 0
    assert m.memory().strings == 0
    assert m._check() is None


@pytest.mark.parametrize("key", [PAIR, NESTED, "struct{a bytes}"])
def test_life_of_a_set(key: str) -> None:
    make: Callable[[int], Any] = (lambda i: (b"%d" % i * (i % 9),)) if key == "struct{a bytes}" else MAKERS[key]
    some, others = set(map(make, range(400))), set(map(make, range(200, 700, 2)))
    s, t = Set(key, some), Set(key, others)
    assert s == some
    assert s & t == some & others
    assert s | t == some | others
    assert s - t == some - others
    assert s ^ t == some ^ others
    assert (s & t) <= s
    assert s.isdisjoint(Set(key, others - some))
    for each in [s & t, s | t, s - t, s ^ t, pickle.loads(pickle.dumps(s))]:
        assert each._check() is None
    while s:
        some.remove(s.pop())
    assert not some
    assert s._check() is None


# ---- keys are equal when their strings are ---------------------------------------------------------------


@pytest.mark.parametrize(
    "keys",
    [
        [("ab", "c"), ("a", "bc"), ("abc", ""), ("", "abc"), ("", ""), ("c", "ab")],
        [("x" * 40, "y"), ("x" * 41, ""), ("x" * 39, "xy"), ("y", "x" * 40), ("x" * 40, "z"), ("x" * 39 + "z", "y")],
        [("sixteen letters!", ""), ("sixteen letters", "!"), ("", "sixteen letters!"), ("sixteen letters!!", "")],
        [("\0", ""), ("", "\0"), ("\0\0", ""), ("\0", "\0"), ("\0" * 20, ""), ("\0" * 19, "\0")],
    ],
    ids=["short", "long", "sixteen", "NULs"],
)
def test_what_tells_keys_apart(map_class: Class, keys: list[tuple[str, str]]) -> None:
    m = map_class(PAIR, int)
    for round_ in range(2):
        for i, (a, b) in enumerate(keys):
            again = ("".join(list(a)), "".join(list(b)))  # other objects
            assert (again in m) is bool(round_)
            m[again] = i
    assert dict(m.items()) == {key: i for i, key in enumerate(keys)}
    assert m._check() is None


def test_all_fields_of_a_key_count(map_class: Class) -> None:
    key = "struct{a int16; b string; c float32; d bytes; e bool}"
    base = (1, "x" * 30, 0.5, b"y" * 30, True)
    others = [(2, *base[1:]), (*base[:2], 0.25, *base[3:]), (*base[:4], False), (*base[:3], b"y" * 31, True)]
    m = map_class(key, int, {base: 0})
    for i, other in enumerate(others, 1):
        assert other not in m
        m[other] = i
    assert len(m) == 5
    zero = (0, "", 0.0, b"", False)
    m[zero] = 7
    assert m[0, "", -0.0, bytearray(), False] == 7
    nan = (0, "", float("nan"), b"", False)
    m[nan] = 8
    assert m[0, "", -float("nan"), b"", False] == 8
    assert m._check() is None


def test_a_key_takes_up_to_its_limit(map_class: Class) -> None:
    most = "struct{" + "; ".join(f"a{i} string" for i in range(MAX_KEY_WITH_STRINGS // 16)) + "}"
    keys = [tuple(f"{i}" * LENGTHS[(i + j) % 9] for j in range(8)) for i in range(1, 200)]
    m = map_class(most, int, {key: i for i, key in enumerate(keys)})
    assert dict(m.items()) == {key: i for i, key in enumerate(keys)}
    assert m._check() is None
    with pytest.raises(ValueError, match="takes at most 128 bytes, 16 for each such field; this one takes 136"):
        map_class(most[:-1] + "; z int8}", int)
    assert map_class(int, most[:-1] + "; z int8}")._check() is None


def test_limits_are_the_core_s() -> None:
    header = Path(__file__).resolve().parent.parent / "csrc" / "gomap.h"
    defined = dict(re.findall(r"^#define (GOMAP_\w+) (\d+)u$", header.read_text(), re.MULTILINE))
    assert int(defined["GOMAP_STRINGS_MOST"]) == MAX_STRINGS
    assert int(defined["GOMAP_INLINE_MAX"]) == MAX_KEY_WITH_STRINGS


def test_a_struct_has_many_strings(map_class: Class) -> None:
    spelling = "struct{" + "; ".join(f"a{i} string" for i in range(MAX_STRINGS)) + "}"
    m, model = map_class(int, spelling), {}
    for i in range(30):
        m[i % 7] = model[i % 7] = tuple(f"{i}" * LENGTHS[(i + j) % 9] for j in range(MAX_STRINGS))
        assert m._check() is None
    assert dict(m.items()) == model
    inner = "struct{a " + spelling + "; b string}"
    with pytest.raises(ValueError, match="^a struct has at most 255 fields of string and bytes\n"):
        map_class(int, inner)


# ---- what goes in, what comes out ------------------------------------------------------------------------


class Text(str):
    """A str that is one, but not exactly."""


def test_what_a_struct_is_taken_from(map_class: Class) -> None:
    m = map_class(int, CITY)
    other = namedtuple("other", "population name flag country")  # type: ignore[name-match]
    expected = ("Köln" * 9, 5, b"DE", b"flag")
    sources: list[Any] = [
        expected,
        dict(zip(("name", "population", "country", "flag"), expected, strict=True)),
        other(5, "Köln" * 9, b"flag", b"DE"),
        (Text("Köln" * 9), 5, bytearray(b"DE"), memoryview(b"flag")),
        m.value_type.namedtuple(*expected),
    ]
    for i, source in enumerate(sources):
        m[i] = source
        found = m[i]
        assert found == expected
        assert (type(found), type(found.name), type(found.flag)) == (m.value_type.namedtuple, str, bytes)
    assert repr(m[0]).startswith("struct(name='Köln")
    assert m._check() is None


@pytest.mark.parametrize("text", ["\ud800", "a\udc80" * 20, "\0", "\0" * 50, "😀" * 30, "\U0010ffff", "ﬁ"])
def test_any_text(map_class: Class, text: str) -> None:
    m = map_class(PAIR, PAIR, {(text, ""): ("", text), ("", text): (text, text)})
    assert dict(m.items()) == {(text, ""): ("", text), ("", text): (text, text)}
    assert m._check() is None


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        ((1, 2, b"DE", b""), TypeError, "field 'name': expected str for type string, got int 1"),
        ((b"x", 2, b"DE", b""), TypeError, "field 'name': expected str for type string, got bytes b'x'"),
        (("x", 2, b"DE", "y"), TypeError, "field 'flag': expected bytes for type bytes, got str 'y'"),
        (("x", 2, b"D", b""), ValueError, "field 'country': expected 2 bytes for type [2]byte, got 1"),
        (("x", 2**32, b"DE", b""), OverflowError, "field 'population': 4294967296 is out of range for uint32"),
        (("x", None, b"DE", b""), TypeError, "field 'population': expected int for type uint32, got NoneType None"),
        (("x", 2, b"DE"), ValueError, f"expected 4 fields for type {CITY}, got 3"),
        ("x", TypeError, f"expected a tuple or mapping for type {CITY}, got str 'x'"),
        ({"name": "x"}, ValueError, "missing: 'population', 'country', 'flag'"),
        (None, TypeError, "expected a tuple or mapping"),
    ],
)
def test_what_is_refused(map_class: Class, value: Any, error: type[Exception], words: str) -> None:
    m = map_class(int, CITY, {1: city(8), 2: city(9)})
    by_key = map_class(CITY, int, {city(8): 1})
    before = m.nbytes
    for operation in (
        lambda: m.__setitem__(1, value),
        lambda: m.setdefault(1, value),
        lambda: by_key.__setitem__(value, 1),
    ):
        with pytest.raises(error) as caught:
            operation()
        assert words in str(caught.value)
    with pytest.raises(error, match="^values"):
        m.set_many([1, 2], [city(10), value])
    assert dict(m.items()) == {1: city(8), 2: city(9)}
    assert m.nbytes == before
    assert (m._check(), by_key._check()) == (None, None)


def test_numbers_out_of_range_are_absent(map_class: Class) -> None:
    m = map_class(CITY, int, {city(8): 1})
    absent = ("x" * 40, 2**32, b"DE", b"")
    assert absent not in m
    assert m.get(absent) is None
    assert m.pop(absent, 5) == 5
    assert m.contains_many([absent, city(8)]).tolist() == [False, True]
    with pytest.raises(KeyError):
        m[absent]


class Acting:
    """An int whose conversion does something first."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self._act = act

    def __index__(self) -> int:
        self._act()
        return 5


def test_fields_that_drop_what_was_read_before(map_class: Class) -> None:
    """Strings that were read stay until the map has them, whatever the later fields' own code does."""
    m = map_class("struct{a string; n int; b string}", "struct{a bytes; n int}")

    class Source(dict[str, Any]):
        def __getitem__(self, name: str) -> Any:
            return Acting(self.clear) if name == "n" else "é" * 50 + name

    class Bytes(dict[str, Any]):
        def __getitem__(self, name: str) -> Any:
            return Acting(self.clear) if name == "n" else bytearray(b"z" * 50)

    m[Source(a=1, n=2, b=3)] = Bytes(a=1, n=2)
    assert dict(m.items()) == {("é" * 50 + "a", 5, "é" * 50 + "b"): (b"z" * 50, 5)}
    assert m._check() is None


def test_fields_that_change_the_map(map_class: Class) -> None:
    m = map_class(int, "struct{a string; n int}", {i: ("a" * i, i) for i in range(50)})
    m[3] = ("b" * 60, Acting(m.clear))  # type: ignore[assignment]
    assert dict(m.items()) == {3: ("b" * 60, 5)}
    m[3] = ("c" * 60, Acting(lambda: m.update({i: ("d" * 60, i) for i in range(200)})))  # type: ignore[assignment]
    assert m[3] == ("c" * 60, 5)
    assert len(m) == 200
    assert m._check() is None


def test_nothing_leaks(map_class: Class) -> None:
    text, raw = "a text of some length" * 2, bytes(50)
    m = map_class("struct{a string; b int8}", "struct{a string; b bytes; c int8}")
    before = sys.getrefcount(text), sys.getrefcount(raw)
    for _ in range(20):
        m[text, 1] = (text, raw, 1)
        assert (text, 1) in m
        for wrong in ((text, raw, 300), (text, raw, "x"), (text, 5, 1), (text, raw)):
            with pytest.raises((TypeError, ValueError, OverflowError)):
                m[text, 2] = wrong
            with pytest.raises((TypeError, ValueError, OverflowError)):
                m.set_many([(text, 1), (text, 2)], [(text, raw, 1), wrong])
        assert m.get((text, 300)) is None
        m.set_many([(text, 3), (text, 4)], (text, raw, 2))
        m.clear()
    del wrong
    assert (sys.getrefcount(text), sys.getrefcount(raw)) == before


# ---- whole arrays ------------------------------------------------------------------------------------------


def test_many_at_a_time(map_class: Class) -> None:
    numbers = list(range(2000))
    values = [city(i) for i in numbers]
    m = map_class(int, CITY)
    m.set_many(numbers, values)
    assert dict(m.items()) == dict(zip(numbers, values, strict=True))
    assert m.get_many([7, 5000, 8], default=None) == [city(7), None, city(8)]
    with pytest.raises(KeyError, match="5000"):
        m.get_many([7, 5000])
    with pytest.raises(
        TypeError, match=r"^out: a map\[int\]struct{.*} cannot write its values to an array; call without out=$"
    ):
        m.get_many([7], out=bytearray(40))
    keys, found = m.to_arrays()
    assert type(found) is list
    assert dict(zip(keys.tolist(), found, strict=True)) == dict(m.items())
    m.set_many(numbers[:10], city(3))
    assert m.get_many(numbers[:10]) == [city(3)] * 10
    assert m.delete_many(numbers[:1500]) == 1500
    assert m._check() is None
    made = map_class.from_arrays(numbers, values, key=int, value=CITY)
    assert made == dict(zip(numbers, values, strict=True))
    assert made._check() is None


def test_many_keys_at_a_time(map_class: Class) -> None:
    keys = [texts(i) for i in range(3000)]
    m = map_class(PAIR, int)
    m.set_many(keys, list(range(3000)))
    assert m == dict(zip(keys, range(3000), strict=True))
    assert m.get_many(keys[::7]).tolist() == list(range(0, 3000, 7))
    assert m.contains_many([keys[5], ("", ""), keys[6]]).tolist() == [True, False, True]
    m.add_many([keys[5], keys[5], ("new", "key")], 10)
    assert (m[keys[5]], m["new", "key"]) == (25, 10)
    with pytest.raises(KeyError, match="not.*there"):
        m.get_many([keys[1], ("not", "there")])
    with pytest.raises(OverflowError, match="for key"):
        m.add_many([("other", "key"), keys[5]], 2**63 - 1)
    assert ("other", "key") not in m
    assert m.delete_many(keys) == len(set(keys))
    assert dict(m.items()) == {("new", "key"): 10}
    assert m.to_arrays()[0] == [("new", "key")]
    assert m._check() is None


def test_factorizing() -> None:
    keys = [texts(i % 500) for i in range(2000)]
    codes, m = Map.factorize(keys, key=PAIR)
    numbered: dict[Any, int] = {}
    assert codes.tolist() == [numbered.setdefault(key, len(numbered)) for key in keys]
    assert m == numbered
    assert m._check() is None


def test_numpy_records(map_class: Class) -> None:
    np = pytest.importorskip("numpy")
    dtype = [("population", "i8"), ("flag", "S9"), ("name", "U20"), ("country", "S2")]
    rows = np.array([(i, b"f" * (i % 9), f"é{i}", b"DE") for i in range(300)], dtype)
    expected = {i: (f"é{i}", i, b"DE", b"f" * (i % 9)) for i in range(300)}
    m = map_class("uint16", CITY)
    m.set_many(np.arange(300), rows)
    assert m == expected
    m.set_many(np.arange(300), rows.astype([("population", "i8"), ("flag", "O"), ("name", "O"), ("country", "O")]))
    assert m == expected
    keys = np.array([(f"{i}" * 9, f"{i}") for i in range(50)], [("a", "U30"), ("b", "O")])
    by_key = map_class(PAIR, int)
    by_key.set_many(keys, np.arange(50))
    assert by_key.get_many(keys).tolist() == list(range(50))
    one = rows[7]
    m[1000] = one
    assert m[1000] == expected[7]
    with pytest.raises(TypeError, match=r"^values\[0\]: field 'name': expected str for type string, got bytes b'x'$"):
        m.set_many(
            [1], np.array([(b"x", 1, b"DE", b"")], list(zip(m.value_type.namedtuple._fields, "OOOO", strict=True)))
        )
    with pytest.raises(ValueError, match=r"^values\[0\]: expected the fields of .*; missing: 'flag'$"):
        m.set_many([1], rows[["population", "name", "country"]][:1])
    with pytest.raises(TypeError, match="a masked one"):
        m.set_many([0, 1], np.ma.masked_array(rows[:2], mask=[(True,) * 4, (False,) * 4]))
    assert (m._check(), by_key._check()) == (None, None)


def test_bytes_are_never_taken_for_structs(map_class: Class) -> None:
    """Which would make numbers in them addresses."""
    np = pytest.importorskip("numpy")
    size = parse(PAIR).size
    for source in (
        *(bytes(2 * size), bytearray(2 * size), memoryview(bytes(2 * size)).cast("B", (2, size))),
        *(np.zeros((2, size), "u1"), np.zeros(2, f"V{size}"), np.zeros(2, f"S{size}"), np.zeros(2)),
        *(np.zeros(2, [("a", f"V{size}")]), np.zeros(2, [("a", "V16"), ("b", "V16")])),
    ):
        m = map_class(int, PAIR)
        with pytest.raises((TypeError, ValueError)):
            m.set_many([1, 2], source)
        with pytest.raises((TypeError, ValueError)):
            map_class(PAIR, int).set_many(source, 1)
        with pytest.raises((TypeError, ValueError)):
            map_class(PAIR, int).contains_many(source)
        assert len(m) == 0


def test_arrow_structs_are_refused(map_class: Class) -> None:
    pa = pytest.importorskip("pyarrow")
    rows = pa.array([{"a": "x", "b": "y"}])
    with pytest.raises(TypeError, match="Arrow items of format"):
        map_class(int, PAIR).set_many([1], rows)
    m = map_class(int, PAIR)
    m.set_many([1], rows.to_pylist())
    assert m == {1: ("x", "y")}


def test_corrupt_pickles(map_class: Class) -> None:
    from gomap._core import _restore

    for key, value in (("int", PAIR), (PAIR, "int")):
        size = parse(key).size + parse(value).size
        with pytest.raises(ValueError, match="are not packed so"):
            _restore(map_class, key, value, 1, b"\x41" * size, sys.byteorder)


# ---- between maps ------------------------------------------------------------------------------------------


def test_between_engines() -> None:
    model = {texts(i): nested(i) for i in range(700)}
    go, elastic = GoMap(PAIR, NESTED, model), Map(PAIR, NESTED)
    elastic.update(go)
    again = GoMap(PAIR, NESTED)
    again.update(elastic)
    assert elastic == again == model
    assert elastic | again == model
    assert (elastic._check(), again._check()) == (None, None)


def test_iterating_while_deleting_and_overwriting(map_class: Class) -> None:
    model = {texts(i): nested(i) for i in range(500)}
    m = map_class(PAIR, NESTED, model)
    for i, key in enumerate(m):
        if i % 3 == 0:
            del m[key], model[key]
        elif i % 3 == 1:
            m[key] = model[key] = nested(i)
    assert m == model
    assert m._check() is None


# ---- bytes, and without memory --------------------------------------------------------------------------------


def test_replacing_without_memory(map_class: Class) -> None:
    """A value that there is no room for leaves the one before, all three strings of it."""
    for before in LENGTHS[2::2]:
        for after in LENGTHS[1::3]:
            m = map_class(int, "struct{a string; b string; n int8; c bytes}")
            m[1] = ("b" * before, "c" * before, 1, b"d" * before)
            m[2] = ("e" * 20, "f" * after, 2, b"g" * before)
            model = dict(m)
            value = ("h" * after, "i" * before, 3, b"j" * after)
            for error in in_turn(lambda: m.__setitem__(1, value)):  # noqa: B023
                if error is None:
                    model[1] = m.value_type.namedtuple(*value)
                assert_same(m, model)


def test_new_keys_without_memory(map_class: Class) -> None:
    for length in LENGTHS[3:]:
        m = map_class(PAIR, PAIR)
        model: dict[Any, Any] = {}
        for i in range(12):
            key, value = ("k" * length + f"{i}", f"{i}" * length), ("v" * length, "w" * length)
            for error in in_turn(lambda: m.__setitem__(key, value)):  # noqa: B023
                if error is None:
                    model[m.key_type.namedtuple(*key)] = m.value_type.namedtuple(*value)
                assert_same(m, model)


def test_memory_follows_the_strings(map_class: Class) -> None:
    m = map_class(int, PAIR)
    for i in range(2000):
        m[i] = ("x" * 1000, "y" * 500)
    assert m.memory().raw == 2000 * (8 + 1500)
    assert m.memory().strings >= 2000 * 1500
    for i in range(2000):
        m[i] = ("", "short")
    assert m.memory().strings < 2000 * 40
    for i in range(2000):
        del m[i]
    assert m.memory().strings == 0
    if map_class is Map:
        assert m.nbytes < 1000


@pytest.mark.parametrize("count", [1000, 20_000])
def test_estimates(count: int) -> None:
    for length in (12, 40):
        made = {i: (f"{i:0{length}d}", f"{i:0{length}d}", i) for i in range(count)}
        of_values = estimate(int, "struct{a string; b string; c int}", count, value_bytes=length)
        m = Map(int, "struct{a string; b string; c int}")
        for key, value in made.items():
            m[key] = value
        assert of_values.map == pytest.approx(m.nbytes, rel=0.02)
        by_key = Map("struct{a string; b string; c int}", int)
        for key, value in made.items():
            by_key[value] = key
        of_keys = estimate("struct{a string; b string; c int}", int, count, key_bytes=length)
        assert of_keys.map == pytest.approx(by_key.nbytes, rel=0.02)

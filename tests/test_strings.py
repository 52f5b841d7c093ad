"""Keys and values of any length: str and bytes, which a map keeps as bytes of its own."""

from __future__ import annotations

import copy
import pickle
import random
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import assert_same

from gomap import GoMap, Map, Set

Class = Any  # one of the map classes
Examples = Callable[[str, int], list[Any]]


class Text(str):
    """A str that knows better."""

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return False

    def encode(self, *arguments: Any, **options: Any) -> bytes:
        return b"wrong"

    def __str__(self) -> str:
        return "wrong"


# ---- what goes in comes out --------------------------------------------------------------------------

#: By what they are made of; every one several times, at lengths about which storage changes.
ALPHABETS = {
    "ASCII": "abc",
    "Latin": "éÿ\x80a",
    "two bytes each": "€漢\uffff",
    "four bytes each": "😀\U0010ffff𝄞",
    "mixed": "aé€😀",
    "surrogates": "\ud800\udfff\udc80a",
    "surrogates that are a pair": "\ud83d\ude00",
    "NULs": "\0",
    "NULs within": "\0a",
    "combining": "e\u0301",
}
LENGTHS = [
    1,
    2,
    7,
    8,
    13,
    14,
    15,
    16,
    17,
    31,
    32,
    33,
    63,
    64,
    65,
    127,
    128,
    129,
    255,
    256,
    257,
    1000,
    4096,
    70_000,
]


@pytest.mark.parametrize("alphabet", ALPHABETS.values(), ids=ALPHABETS)
def test_texts(map_class: Class, alphabet: str) -> None:
    texts = ["", *((alphabet * length)[:length] for length in LENGTHS)]
    model = dict(zip(texts, reversed(texts), strict=True))
    m = map_class(str, str, model)
    assert_same(m, model)
    assert_same(m.copy(), model)
    assert_same(pickle.loads(pickle.dumps(m)), model)
    assert_same(copy.deepcopy(m), model)
    for text in texts:
        fresh = "".join([*text])  # another object
        assert m[fresh] == model[text]
        assert fresh + "a" not in m or fresh + "a" in model
        assert fresh[:-1] in m or fresh[:-1] not in model
    s = Set(str, texts)
    assert s == set(texts)
    for i, text in enumerate(texts):
        assert m.pop(text) == model.pop(text)
        s.remove(text)
        assert m._check() is None
        if i % 4 == 0:
            assert_same(m, model)
    assert m.memory().strings == 0
    assert not s
    assert s._check() is None


@pytest.mark.parametrize("length", range(0, 300, 7))
def test_bytes_of_every_value(map_class: Class, length: int) -> None:
    keys = [bytes((first + i) % 256 for i in range(length)) for first in range(256)] if length else [b""]
    model = {key: key[::-1] for key in keys}
    m = map_class(bytes, bytes, model)
    assert_same(m, model)
    for key in keys[::2]:
        del m[key], model[key]
    assert_same(m, model)


def test_surrogates_are_not_what_they_would_be_together(map_class: Class) -> None:
    together, apart = "😀", "\ud83d\ude00"
    assert together != apart
    m = map_class(str, int, {together: 1, apart: 2})
    assert_same(m, {together: 1, apart: 2})
    assert [len(key) for key in sorted(m, key=len)] == [1, 2]


def test_texts_are_not_normalised(map_class: Class) -> None:
    one, other = unicodedata.normalize("NFC", "é"), unicodedata.normalize("NFD", "é")
    assert_same(map_class(str, str, {one: other, other: one}), {one: other, other: one})


def test_nothing_is_no_nul(map_class: Class) -> None:
    for kind, texts in (
        (str, ["", "\0", "\0\0", "a", "a\0", "\0a"]),
        (bytes, [b"", b"\0", b"\0\0", b"a", b"a\0"]),
    ):
        model = {text: text for text in texts}
        m = map_class(kind, kind, model)
        assert_same(m, model)
        for text in texts:
            assert m.pop(text) == text
            assert text not in m
        m[texts[0]] = texts[0]
        assert_same(m, {texts[0]: texts[0]})
        assert m.memory().raw == 0


def test_the_empty_text_is_a_key_and_a_value(map_class: Class) -> None:
    m = map_class(str, str)
    assert "" not in m
    assert m.setdefault("") == ""
    assert "" in m
    assert m.popitem() == ("", "")
    assert m.pop("", None) is None
    m[""] = "x" * 100
    m[""] = ""
    assert_same(m, {"": ""})
    assert m.memory().strings == 0


def test_an_equal_text_of_another_width_is_the_same_key(map_class: Class) -> None:
    """However the interpreter keeps it: sliced from a text of wide characters, joined, decoded."""
    wide = "plain text, é at most😀"
    m = map_class(str, int, {"plain text, é at most": 1, "plain text": 2})
    for same, value in (
        (wide[:-1], 1),
        (wide[:10], 2),
        ("".join(["plain", " ", "text"]), 2),
        (b"plain text".decode("ascii"), 2),
        ("plain text".encode("utf-16").decode("utf-16"), 2),
        (str("plain text, é at most".encode(), "utf-8"), 1),
    ):
        assert m[same] == value
    m = map_class(object, int, dict(m))
    assert m[wide[:10]] == 2


def test_a_text_that_was_looked_up_has_not_grown(map_class: Class) -> None:
    """No UTF-8 is kept with it."""
    key, value, absent = "é" * 100, "€" * 100, "😀" * 100
    held = {"".join([*key]): "".join([*value])}
    for each in (key, value, absent):
        before = sys.getsizeof(each)
        m = map_class(str, str, held)
        m.get(each), m.pop(each, None), m.setdefault(each, each)
        m[each] = each
        assert each in m
        assert m[each] == each
        m.update({each: each})
        del m[each]
        assert m == {text: other for text, other in held.items() if text != each}
        s = Set(str, [each])
        assert each in s
        s |= {each}
        assert sys.getsizeof(each) == before
    assert [sys.getsizeof(text) for text in held] == [sys.getsizeof(key)]


def test_what_comes_out_is_new(map_class: Class) -> None:
    key = "a long key that nobody interned " * 2
    m = map_class(str, str, {key: key})
    assert m[key] == key
    assert m[key] is not key
    assert next(iter(m)) is not key
    before = sys.getrefcount(key)
    m[key] = key
    m.update({key: key})
    assert key in m
    assert sys.getrefcount(key) == before


# ---- other types -------------------------------------------------------------------------------------


def test_subclasses_are_taken_as_their_text(map_class: Class) -> None:
    for word in ("spam", "é€😀" * 10, ""):
        text = Text(word)
        m = map_class(str, str, {text: text})
        assert_same(m, {word: word})
        assert m[text] == m[word] == m.get(text) == m.setdefault(text) == word
        assert text in m
        m[text] = "other"
        assert_same(m, {word: "other"})
        assert m.pop(text) == "other"
        s = Set(str, [text, word])
        assert [*s] == [word]
        assert type(next(iter(s))) is str

    class Data(bytes):
        def __len__(self) -> int:
            return 1

    m = map_class(bytes, bytes, {Data(b"spam"): Data(b"eggs")})
    assert_same(m, {b"spam": b"eggs"})
    assert m[Data(b"spam")] == b"eggs"


OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "get item": lambda m, key: m[key],
    "set item": lambda m, key: m.__setitem__(key, 1),
    "del item": lambda m, key: m.__delitem__(key),
    "in": lambda m, key: key in m,
    "get": lambda m, key: m.get(key),
    "pop": lambda m, key: m.pop(key, None),
    "setdefault": lambda m, key: m.setdefault(key),
    "setdefault to": lambda m, key: m.setdefault(key, 1),
    "update": lambda m, key: m.update([(key, 1)]),
}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
@pytest.mark.parametrize(
    ("kind", "wrong", "message"),
    [
        (str, b"spam", "key: expected str for type string, got bytes b'spam'"),
        (str, bytearray(b"spam"), "key: expected str for type string, got bytearray bytearray(b'spam')"),
        (str, 5, "key: expected str for type string, got int 5"),
        (str, None, "key: expected str for type string, got NoneType None"),
        (bytes, "spam", "key: expected bytes for type bytes, got str 'spam'"),
        (bytes, 5, "key: expected bytes for type bytes, got int 5"),
        (bytes, [115], "key: expected bytes for type bytes, got list [115]"),
        (bytes, None, "key: expected bytes for type bytes, got NoneType None"),
    ],
)
def test_keys_of_a_wrong_type(
    map_class: Class, kind: Any, wrong: Any, message: str, operation: Callable[[Any, Any], Any]
) -> None:
    m = map_class(kind, int, {kind(): 1})
    with pytest.raises(TypeError) as caught:
        operation(m, wrong)
    assert str(caught.value) == message
    assert_same(m, {kind(): 1})


def test_values_of_a_wrong_type(map_class: Class) -> None:
    for kind, wrong, message in (
        (str, b"spam", "value: expected str for type string, got bytes b'spam'"),
        ("*string", None, "value: expected str for type *string, got NoneType None"),
        (bytes, "spam", "value: expected bytes for type bytes, got str 'spam'"),
        (bytes, 5, "value: expected bytes for type bytes, got int 5"),
    ):
        m = map_class(int, kind)
        for refused in (
            lambda: m.__setitem__(1, wrong),  # noqa: B023
            lambda: m.setdefault(1, wrong),  # noqa: B023
            lambda: m.update({1: wrong}),  # noqa: B023
        ):
            with pytest.raises(TypeError) as caught:
                refused()
            assert str(caught.value) == message
            assert_same(m, {})


def test_sets_are_asked_for_their_type() -> None:
    s = Set(str, ["spam"])
    for operation in (s.add, s.discard, s.remove, s.__contains__, lambda key: s.update([key])):
        with pytest.raises(TypeError, match=r"^key: expected str for type string, got bytes b'spam'$"):
            operation(b"spam")
    assert s.isdisjoint([b"spam", 5, None])
    assert s - {b"spam", 5} == {"spam"} == s & {"spam", b"spam"}
    assert s != {b"spam"}
    assert Set(str) == Set(bytes) == set()
    assert Set(str, ["a"]) != Set(bytes, [b"a"])


def test_what_is_like_bytes(map_class: Class) -> None:
    m = map_class(bytes, bytes)
    m[bytearray(b"key")] = memoryview(b"a value")[2:]
    assert_same(m, {b"key": b"value"})
    for like in (bytearray(b"key"), memoryview(b"key"), memoryview(b"a key")[2:]):
        assert like in m
        assert m[like] == m.get(like) == m.setdefault(like, b"other") == b"value"
    key = bytearray(b"key")
    m[b"key"] = key
    key[:] = b"changed"
    key += b"and longer"
    assert_same(m, {b"key": b"key"})
    assert m.pop(bytearray(b"key")) == b"key"
    with pytest.raises(BufferError):
        m[memoryview(b"abcdef")[::2]] = b""
    with pytest.raises(TypeError, match=r"^key: expected bytes"):
        m[memoryview(b"12345678").cast("q")] = b""
    assert_same(m, {})


def test_texts_and_bytes_are_never_equal(map_class: Class) -> None:
    text, data = map_class(str, int, {"a": 1}), map_class(bytes, int, {b"a": 1})
    assert text != data
    assert data != text
    assert (text == data) is (data == text) is False
    assert map_class(int, str, {1: "a"}) != map_class(int, bytes, {1: b"a"})
    assert text == map_class(object, int, {"a": 1}) == map_class(str, object, {"a": 1})
    assert text != map_class(object, int, {b"a": 1})
    assert data == map_class("[1]byte", int, {b"a": 1})
    assert map_class(str, int) == map_class(bytes, int) == {}
    with pytest.raises(TypeError):
        text.update(data)


# ---- values that change ------------------------------------------------------------------------------


def test_values_replaced_by_longer_and_shorter(map_class: Class) -> None:
    choose = random.Random(5)
    for kind in (str, bytes):
        m, model = map_class(str, kind), {}
        for step in range(4000):
            key = f"key {choose.randrange(100)}" + "x" * (step % 3 * 20)
            length = choose.choice([0, 1, 14, 15, 16, 17, 40, 128, 129, 1000])
            text = chr(97 + step % 26) * length
            m[key] = model[key] = text if kind is str else text.encode()
            if step % 5 == 0:
                gone = choose.choice(list(model))
                assert m.pop(gone) == model.pop(gone)
            if step % 400 == 0:
                assert_same(m, model)
        assert_same(m, model)
        for key in model:
            m[key] = model[key] = model[key][:3]
        assert_same(m, model)
        for key in list(model):
            del m[key], model[key]
        assert m.memory().strings == 0


def test_a_value_replaced_by_itself(map_class: Class) -> None:
    m = map_class(int, str, {i: "é" * i for i in range(200)})
    before = m.nbytes
    for _ in range(3):
        for i in range(200):
            m[i] = m[i]
            m[i] = "é" * i
    m.update(m)
    m.update(m.copy())
    assert_same(m, {i: "é" * i for i in range(200)})
    assert m.nbytes <= 1.2 * before


def test_updates_between_maps(map_class: Class, examples: Examples) -> None:
    texts, datas = examples("string", 200), examples("bytes", 200)
    old, new = dict(zip(texts[:120], datas, strict=False)), dict(zip(texts[60:], datas[::-1], strict=False))
    for source in (Map, GoMap, dict, lambda *arguments: list(arguments[-1].items())):
        m = map_class(str, bytes, old)
        m.update(source(new) if source is dict else source(str, bytes, new))
        assert_same(m, {**old, **new})
        m |= m
        assert_same(m, {**old, **new})
    assert_same(map_class(str, bytes, old) | map_class(str, bytes, new), {**old, **new})
    assert_same(map_class(str, bytes, old) | new, {**old, **new})
    assert_same(old | map_class(str, bytes, new), {**old, **new})
    assert_same(map_class("string", "bytes", map_class(object, object, new)), new)


def test_iterating_while_deleting_and_overwriting(map_class: Class) -> None:
    model = {f"{i}" * (i % 30): "v" * (i % 40) for i in range(300)}
    m = map_class(str, str, model)
    seen = {}
    for i, (key, value) in enumerate(m.items()):
        assert model[key] == value or value == "overwritten by something longer"
        assert key not in seen
        seen[key] = value
        if i % 2:
            del m[key]
        else:
            m[key] = "overwritten by something longer"
        assert m._check() is None
    assert set(seen) == set(model)
    assert len(m) == (len(model) + 1) // 2
    for key in m:
        del m[key]
    assert_same(m, {})
    assert m.memory().strings == 0


def test_inserting_ends_an_iteration(map_class: Class) -> None:
    m = map_class(str, str, {"a": "1", "b": "2"})
    iterator = iter(m.items())
    next(iterator)
    m["a" * 100] = "3"
    with pytest.raises(RuntimeError, match="inserted"):
        next(iterator)


def test_setdefault_and_popitem(map_class: Class, examples: Examples) -> None:
    for kind in ("string", "bytes"):
        texts = examples(kind, 150)
        m, model = map_class(kind, kind), {}
        for text, other in zip(texts, texts[::-1], strict=True):
            assert m.setdefault(text, other) == model.setdefault(text, other)
            assert m.setdefault(text, text) == other
            assert m.setdefault(text) == other
        assert_same(m, model)
        while m:
            key, value = m.popitem()
            assert model.pop(key) == value
            assert m._check() is None
        assert not model
        assert m.memory().strings == 0


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_and_copies(map_class: Class, examples: Examples, protocol: int) -> None:
    for key, value in (("string", "bytes"), ("bytes", "*string"), ("string", "any"), ("[2]byte", "string")):
        keys, values = examples(key, 100), examples(value, 100)
        model = {each: values[i % len(values)] for i, each in enumerate(keys)}
        m = map_class(key, value, model)
        for copied in (pickle.loads(pickle.dumps(m, protocol)), copy.copy(m), copy.deepcopy(m), m.copy()):
            assert (copied.key_type, copied.value_type) == (m.key_type, m.value_type)
            assert dict(copied) == model
            assert copied._check() is None
            copied.clear()
        assert dict(m) == model
    s = Set(str, examples("string", 100))
    restored = pickle.loads(pickle.dumps(s, protocol))
    assert restored == s == copy.deepcopy(s) == set(examples("string", 100))
    assert restored._check() is None


def test_hashes_of_texts_differ_from_map_to_map(map_class: Class) -> None:
    """So that nobody can choose keys that collide: no two maps have one order."""
    texts = [f"text {i}" for i in range(200)]
    orders = {tuple(map_class(str, int, dict.fromkeys(texts, 0))) for _ in range(5)}
    assert len(orders) > 1


def test_repr(map_class: Class) -> None:
    m = map_class(str, bytes, {"é\0": b"\xff", "\ud800": b""})
    assert eval(repr(m), {map_class.__name__: map_class}) == m
    m = map_class(str, str, {"k" * 1000: "v" * 1000})
    assert len(repr(m)) < 250


# ---- very long ---------------------------------------------------------------------------------------


def available() -> int:
    """The bytes of memory that are free, as far as the system says."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return 0


@pytest.mark.skipif(available() < 3 * 2**30, reason="takes 3 GB of memory")
@pytest.mark.parametrize("kind", [str, bytes])
def test_a_hundred_megabytes(map_class: Class, kind: Any) -> None:
    size = 100_000_000
    long: Any = "s" * (size - 1) + "!" if kind is str else b"s" * (size - 1) + b"!"
    m = map_class(kind, int, {long: 5})
    assert size <= m.nbytes < 1.2 * size
    assert m.memory().raw == size + 8
    assert m[long] == 5
    assert long[:-1] not in m
    assert next(iter(m)) == long
    assert m._check() is None
    m[long[:5]] = 6
    del m[long]
    assert m.nbytes < 10_000
    assert_same(m, {long[:5]: 6})
    del m

    m = map_class(int, kind, {1: long[:7]})
    m[1] = long
    assert m[1] == long
    assert size <= m.nbytes < 1.2 * size
    m[2] = long[:20]
    m[1] = long[:30]
    assert m.nbytes < 10_000
    assert_same(m, {1: long[:30], 2: long[:20]})

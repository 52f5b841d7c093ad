"""Sets without memory: an allocation that fails, at each in turn, leaves a Set as it was, or with what came before."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from set_cases import assert_same
from support import in_turn

from gomap import Set
from gomap._core import _fail_after, _fail_pending

Examples = Callable[[str, int], list[Any]]


KEYS_OF = ["int", "[129]byte"]


@pytest.mark.parametrize("key_type", KEYS_OF)
def test_adding_without_memory(key_type: str, examples: Examples) -> None:
    s, model, failures = Set(key_type), set(), 0
    for key in examples(key_type, 300):
        for failed in in_turn(lambda: s.add(key)):  # noqa: B023
            failures += failed is not None
            if not failed:
                model.add(key)
            else:
                assert key not in s
            assert set(s) == model
            assert s._check() is None
    assert failures > 3


@pytest.mark.parametrize("key_type", KEYS_OF)
@pytest.mark.parametrize("source", ["Set", "list"])
@pytest.mark.parametrize("name", ["update", "symmetric_difference_update"])
def test_updating_without_memory(key_type: str, source: str, name: str, examples: Examples) -> None:
    keys = examples(key_type, 300)
    old, new = set(keys[:100]), keys[50:]
    other = Set(key_type, new) if source == "Set" else new
    failures = 0
    for allocations in range(1000):
        s = Set(key_type, old)
        _fail_after(allocations, 1000)  # one that fails alone may be done without
        try:
            getattr(s, name)(other)
        except MemoryError:
            failures += 1
            assert old - set(new) <= s <= old | set(new)
            pending = 0
        else:
            pending = _fail_pending()
        finally:
            _fail_after(-1)
        assert s._check() is None
        if pending == 1000:
            assert_same(s, old | set(new) if name == "update" else old ^ set(new))
            break
    assert failures > 3


@pytest.mark.parametrize("key_type", KEYS_OF)
@pytest.mark.parametrize(
    "making",
    [
        lambda s, other: s.copy(),
        lambda s, other: s | other,
        lambda s, other: s & other,
        lambda s, other: s - other,
        lambda s, other: s ^ other,
        lambda s, other: set(other) - s,
        lambda s, other: pickle.loads(pickle.dumps(s)),
        lambda s, other: Set(s.key_type, s),
    ],
)
def test_making_without_memory(key_type: str, making: Callable[[Any, Any], Any], examples: Examples) -> None:
    keys = examples(key_type, 200)
    for kind in (set, lambda keys: Set(key_type, keys)):
        s, other, made = Set(key_type, keys[:150]), kind(keys[100:]), []
        expected, held, failures = set(making(s, other)), s.nbytes, 0
        for failed in in_turn(lambda: made.append(making(s, other))):  # noqa: B023
            failures += failed is not None
            assert s.nbytes == held
            assert_same(s, set(keys[:150]))
        assert failures > 0
        for each_made in made:
            assert set(each_made) == expected
            assert each_made._check() is None


def test_what_never_fails() -> None:
    s, t = Set("[129]byte", [i.to_bytes(129, "big") for i in range(500)]), Set("[129]byte", [bytes(129)])
    _fail_after(0, 10**9)
    try:
        assert t < s
        assert s >= t != s
        assert not s.isdisjoint(t)
        s -= {bytes(129)}
        s -= t
        assert s.isdisjoint(t)
        s.intersection_update(s)
        s.update(s)
        assert len(s) == 499
        s.intersection_update(t)
        assert not s
        assert _fail_pending() > 0
    finally:
        _fail_after(-1)
    assert_same(s, set())

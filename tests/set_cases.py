"""What tests of sets share: a Set beside a set, and the operators and methods that both have."""

from __future__ import annotations

import operator
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any

FUNCTIONS = [operator.and_, operator.or_, operator.sub, operator.xor]
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
IN_PLACE = [operator.iand, operator.ior, operator.isub, operator.ixor]
METHODS = ["union", "intersection", "difference", "symmetric_difference"]
UPDATES = ["update", "intersection_update", "difference_update", "symmetric_difference_update"]
QUESTIONS = ["isdisjoint", "issubset", "issuperset"]


def assert_same(s: Any, model: AbstractSet[Any]) -> None:
    """The Set holds what the set holds, in every way that it can be asked."""
    assert len(s) == len(model)
    assert bool(s) is bool(model)
    elements = list(s)
    assert len(elements) == len(model)
    assert set(elements) == model
    assert all(element in s for element in model)
    assert s == model
    assert model == s
    assert s._check() is None
    assert sum(s._walk().values()) == s.nbytes


def outcome(operation: Callable[[], Any]) -> Any:
    """What it returns, or the type of what it raises."""
    try:
        return operation()
    except Exception as error:
        return type(error)

"""Subinterpreters: the interpreter that imports gomap first has it, any other is refused with ImportError."""

from __future__ import annotations

import subprocess
import sys

import pytest

# 3.11 has no interpreters with a lock of their own, and knows fewer words for them.
pytestmark = pytest.mark.skipif(sys.version_info < (3, 12), reason="the module for them is another one")

#: Makes interpreters by what each version has for it, and lets them say how an import and a map went.
PRELUDE = """
import sys
try:
    import _interpreters
except ImportError:  # 3.12
    import _xxsubinterpreters

    def create(shares_lock):
        return _xxsubinterpreters.create(isolated=not shares_lock)

    run, destroy = _xxsubinterpreters.run_string, _xxsubinterpreters.destroy
else:
    def create(shares_lock):
        return _interpreters.create("legacy" if shares_lock else "isolated")

    def run(interpreter, code):
        failure = _interpreters.exec(interpreter, code)
        assert failure is None, failure

    destroy = _interpreters.destroy

WORK = '''
try:
    from gomap import Cache, Map, Set
except ImportError as error:
    print("refused:", error, flush=True)
else:
    m = Map(str, object, {"a": [1]})
    m.update((str(i), i) for i in range(1000))
    assert len(m) == 1001 and m._check() is None and Set(int, [1]) == {1}
    c = Cache(object, object, max_entries=10)
    for i in range(100):
        c[i] = str(i)
    assert c._check() is None
    print("works", flush=True)
'''


def here():
    exec(WORK, {})


def there(*shares_lock):
    made = [create(each) for each in shares_lock]
    for _ in range(2):
        for interpreter in made:
            run(interpreter, WORK)
    for interpreter in made:
        destroy(interpreter)
"""

OWN = "refused: module gomap._core does not support loading in subinterpreters"
SHARED = "refused: Interpreter change detected - this module can only be loaded into one interpreter per process."


def said(code: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + code], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_one_with_its_own_lock_is_refused() -> None:
    assert said("here(); there(False); here()") == ["works", OWN, OWN, "works"]


def test_one_that_shares_the_lock_is_refused() -> None:
    assert said("here(); there(True); here()") == ["works", SHARED, SHARED, "works"]


def test_a_refused_one_takes_nothing_from_who_comes_later() -> None:
    assert said("there(False); here()") == [OWN, OWN, "works"]


def test_the_first_one_has_it_and_keeps_it() -> None:
    """Also after its end, as what the module has belongs to it."""
    assert said("there(True, True, False); here(); there(True)") == [
        *("works", SHARED, OWN) * 2,
        SHARED,
        *[SHARED] * 2,
    ]


@pytest.mark.skipif(sys.version_info < (3, 14), reason="concurrent.interpreters is new in 3.14")
def test_the_standard_librarys_module_is_told_so_too() -> None:
    code = """
from concurrent import interpreters
import gomap
interpreter = interpreters.create()
try:
    interpreter.exec("import gomap")
except interpreters.ExecutionFailed as error:
    print(error.excinfo.type.__name__, error.excinfo.msg)
interpreter.close()
assert gomap.Map(int, int, {1: 2}) == {1: 2}
"""
    assert said(code) == ["ImportError " + OWN.removeprefix("refused: ")]

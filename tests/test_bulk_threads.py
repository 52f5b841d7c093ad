# ruff: noqa: PT017, SIM105  (either is right: an error, of these words, or none)
"""Other threads, signals and collections meanwhile: they wait, or the answer is right."""

from __future__ import annotations

import array
import copy
import gc
import operator
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from gomap import GoMap, Map, Set

pytestmark = pytest.mark.long

Class = Any

COUNT = 400_000
WORDS = "concurrent map read and map write"


def keys(count: int = COUNT) -> Any:
    return array.array("q", [(i * 0x9E3779B97F4A7C15) % 2**64 - 2**63 for i in range(count)])


@contextmanager
def meanwhile(work: Callable[[], Any]) -> Iterator[threading.Thread]:
    """Runs it in a thread, and raises here what it raised there."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    thread.start()
    try:
        yield thread
    finally:
        thread.join()
        sys.setswitchinterval(interval)
    if errors:
        raise errors[0]


OPERATIONS: dict[str, Callable[[Any], Any]] = {
    "len": len,
    "bool": bool,
    "in": lambda m: 1 in m,
    "get": lambda m: m.get(1),
    "[]": lambda m: m[1],
    "[]=": lambda m: operator.setitem(m, 1, 1),
    "del": lambda m: operator.delitem(m, 1),
    "pop": lambda m: m.pop(1, None),
    "popitem": lambda m: m.popitem(),
    "setdefault": lambda m: m.setdefault(1, 1),
    "iter": lambda m: next(iter(m)),
    "items": lambda m: list(m.items()),
    "keys": lambda m: m.keys() | {1},
    "values": lambda m: sum(m.values()),
    "update": lambda m: m.update({1: 1}),
    "update from itself": lambda m: m.update(m),
    "to another": lambda m: type(m)(int, int).update(m),
    "made of it": lambda m: type(m)(int, int, m),
    "made again": lambda m: m.__init__(int, int, {1: 2}),
    "|": lambda m: m | {1: 1},
    "| reversed": lambda m: {1: 1} | m,
    "==": lambda m: m == {1: 1},
    "copy": lambda m: m.copy(),
    "copy.copy": copy.copy,
    "copy.deepcopy": copy.deepcopy,
    "pickle": pickle.dumps,
    "clear": lambda m: m.clear(),
    "reserve": lambda m: m.reserve(10),
    "fromkeys": lambda m: type(m).fromkeys(m, key=int, value=int),
    "nbytes": lambda m: m.nbytes,
    "sizeof": sys.getsizeof,
    "memory": lambda m: m.memory(),
    "reset_peak": lambda m: m.reset_peak(),
    "stats": lambda m: m.stats(),
    "_check": lambda m: m._check(),
    "_walk": lambda m: m._walk(),
    "key_type": lambda m: m.key_type,
    "get_many": lambda m: m.get_many([1], 5),
    "contains_many": lambda m: m.contains_many([1]),
    "set_many": lambda m: m.set_many([1], 1),
    "add": lambda m: m.add(1),
    "add_many": lambda m: m.add_many([1]),
    "delete_many": lambda m: m.delete_many([1]),
    "to_arrays": lambda m: m.to_arrays(),
    "compact": lambda m: m.compact(),
}
WRITES = {
    *(
        "[]=",
        "del",
        "pop",
        "popitem",
        "setdefault",
        "update",
        "update from itself",
        "made again",
        "clear",
        "reserve",
    ),
    *("reset_peak", "set_many", "add", "add_many", "delete_many", "compact"),
}


def do(m: Any, name: str) -> None:
    """An operation; it may find an iteration ended, or no entry."""
    try:
        OPERATIONS[name](m)
    except RuntimeError as error:
        assert "during iteration" in str(error) or "changed while" in str(error)
    except (KeyError, StopIteration):
        pass


def hammer(m: Any, thread: threading.Thread, skip: set[str]) -> None:
    """Every operation again and again while the thread runs."""
    while thread.is_alive():
        for name in OPERATIONS:
            if name in skip or (name == "compact" and not hasattr(m, "compact")):
                continue
            if not thread.is_alive():
                break
            do(m, name)
        repr(m)
        gc.collect(0)


def is_written(m: Any) -> bool:
    return repr(m).endswith("being written to>")


@pytest.mark.parametrize("work", ["set_many", "add_many", "delete_many"])
def test_everything_waits_while_an_array_is_written(map_class: Class, work: str) -> None:
    many = keys(100_000)
    m = map_class(int, int)
    if work == "delete_many":
        m.set_many(many, 1)
    iterators = [iter(m), iter(m.items()), iter(m.values())]
    repeated = many * 5
    arguments = {"set_many": (repeated, 1), "add_many": (repeated,), "delete_many": (repeated,)}[work]
    waiting = [name for name in OPERATIONS if name != "compact" or map_class is Map]
    waited = 0
    until = time.monotonic() + 60
    while waiting and time.monotonic() < until:
        with meanwhile(lambda: getattr(m, work)(*arguments)) as thread:
            while thread.is_alive() and not is_written(m):
                pass
            if is_written(m):
                do(m, waiting.pop())
                assert not is_written(m)
                waited += 1
            if iterators:
                iterators.pop()
        if work == "delete_many":
            m.set_many(many, 1)
    assert not waiting
    assert waited
    assert m._check() is None
    assert len(m) == len(dict(m.items()))


@pytest.mark.parametrize("types", [("int", "int"), ("int", "[40]byte"), ("string", "int")])
def test_hammering_a_writer(map_class: Class, types: tuple[str, str]) -> None:
    many: Any = keys(120_000)
    if types[0] == "string":
        many = [str(key) for key in many]
    value: Any = 1 if types[1] == "int" else bytes(40)
    m = map_class(*types)

    def run() -> None:
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            m.set_many(many, value)
            m.delete_many(many[: len(many) // 2])

    skip = (
        set()
        if types == ("int", "int")
        else {
            name
            for name in OPERATIONS
            if name
            not in {
                *(
                    "len",
                    "iter",
                    "items",
                    "copy",
                    "pickle",
                    "clear",
                    "memory",
                    "stats",
                    "_check",
                    "_walk",
                    "compact",
                    "to_arrays",
                )
            }
        }
    )
    with meanwhile(run) as thread:
        hammer(m, thread, skip)
    assert m._check() is None
    assert len(dict(m.items())) == len(m)


def test_hammering_a_reader(map_class: Class) -> None:
    many = keys(200_000)
    m = map_class(int, int)
    m.set_many(many, range(len(many)))
    wrong: list[str] = []

    def run() -> None:
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            if m.get_many(many).tolist() != list(range(len(many))):
                wrong.append("get_many")
            if not all(m.contains_many(many)):
                wrong.append("contains_many")
            if len(set(m.to_arrays()[0].tolist())) != len(many):
                wrong.append("to_arrays")

    reads = {
        "len",
        "in",
        "get",
        "iter",
        "copy",
        "memory",
        "stats",
        "_walk",
        "get_many",
        "contains_many",
        "|",
        "bool",
    }
    writes = WRITES - {
        "pop",
        "del",
        "popitem",
        "clear",
        "delete_many",
        "[]=",
        "setdefault",
        "update",
        "made again",
    }
    writes -= {"add", "add_many", "set_many", "update from itself"}
    with meanwhile(run) as thread:
        while thread.is_alive():
            for name in reads:
                if name not in ("copy", "|"):
                    OPERATIONS[name](m)
            for name in writes:
                if name == "compact" and map_class is GoMap:
                    continue
                OPERATIONS[name](m)
            half = iter(m)
            next(half)
            del half
    assert not wrong
    assert m._check() is None


@pytest.mark.parametrize("name", sorted(WRITES))
def test_every_write_waits_while_an_array_is_read(map_class: Class, name: str) -> None:
    if name == "compact" and map_class is GoMap:
        pytest.skip("has none")
    many = keys(60_000)
    repeated = many * 20
    m = map_class(int, int)
    m.set_many(many, 7)
    m[1] = 1
    before = dict(m.items())
    begin = time.perf_counter()
    m.get_many(repeated)
    takes = time.perf_counter() - begin
    # The reader has first to get room for what it gives, which under sanitizers takes a good part of its time.
    for part in [i / 20 for i in range(20)] * 3:
        read: list[Any] = []
        begun = threading.Event()

        def run(read: list[Any] = read, begun: threading.Event = begun) -> None:
            begun.set()
            try:
                read.append(m.get_many(repeated))
            except KeyError:  # the other was first
                pass

        with meanwhile(run):
            begun.wait()
            time.sleep(part * takes)
            do(m, name)
        if read:
            break
        m.clear()
        m.update(before)
    else:
        pytest.fail("never met the reader")
    assert set(read[0].tolist()) == {7}
    assert m._check() is None


def test_reading_in_many_threads(map_class: Class) -> None:
    many = keys(300_000)
    m = map_class.from_arrays(many, many)
    s = Set(int, many)
    results: list[bool] = []

    def read() -> None:
        results.append(bytes(memoryview(m.get_many(many))) == bytes(many))
        results.append(all(m.contains_many(many)))
        results.append(all(s.isin(many)))
        found, held = m.to_arrays()
        results.append(bytes(memoryview(found)) == bytes(memoryview(held)))

    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 24
    assert m._check() is None
    m[5] = 5  # nobody reads any more


def test_writing_different_maps(map_class: Class) -> None:
    made: list[Any] = []

    def build(seed: int) -> None:
        many = array.array("q", [i * (2 * seed + 1) for i in range(150_000)])
        m = map_class(int, int)
        m.set_many(many, many)
        m.add_many(many, 1)
        m.delete_many(many[::2])
        made.append((m, many))

    threads = [threading.Thread(target=build, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    for m, many in made:
        assert m._check() is None
        assert dict(m.items()) == {key: key + 1 for key in many[1::2]}


def test_sets_beside_a_writer() -> None:
    many = keys(200_000)
    s = Set(int)
    other = Set(int, range(10))
    strings = Set(str, ["a"])

    def run() -> None:
        for work in (s.add_many, s.discard_many) * 4:
            work(many)

    with meanwhile(run) as thread:
        while thread.is_alive():
            for operation in (
                lambda: other | s,
                lambda: other & s,
                lambda: other ^ s,
                lambda: other - s,
                lambda: other <= s,
                lambda: other == s,
                lambda: other.isdisjoint(s),
                lambda: other.update(s),
                lambda: other.difference_update(s),
                lambda: strings ^ s,
                lambda: strings.isdisjoint(s),
                lambda: s.isin([1]),
                lambda: s.__init__(int, [1]),
                lambda: s.update(other),
                lambda: s.pop(),
                lambda: s.discard(1),
                lambda: s.copy(),
                lambda: Set(int, s),
            ):
                try:
                    operation()
                except RuntimeError as error:
                    assert "during iteration" in str(error)
                except (KeyError, TypeError, MemoryError):
                    pass
            repr(s)
    assert s._check() is None
    assert other._check() is None


class Slow:
    """A key that lets other threads run when it is converted."""

    def __init__(self, pause: Callable[[], None]) -> None:
        self.pause = pause

    def __index__(self) -> int:
        self.pause()
        return 1


@pytest.mark.parametrize("value", [int, str, object])
def test_conversions_that_let_a_reader_or_writer_begin(map_class: Class, value: Any) -> None:
    """Between the first look at the map and its use, another thread takes it."""
    many = keys(50_000) * 10
    m = map_class(int, value)
    one = 1 if value is int else "text"
    m.set_many(many, one)
    for name, operation in {
        "in": lambda key: key in m,
        "get": lambda key: m.get(key),
        "[]=": lambda key: operator.setitem(m, key, one),
        "pop": lambda key: m.pop(key, None),
        "setdefault": lambda key: m.setdefault(key, one),
        "add": lambda key: m.add(key, key),
        "delete": lambda key: m.delete_many([key]),
        "get_many": lambda key: m.get_many([key], one),
        "set_many": lambda key: m.set_many([key], one),
        "add_many": lambda key: m.add_many([key], [key]),
    }.items():
        if name.startswith("add") and value is not int:
            continue
        for begin in (lambda: m.contains_many(many), lambda: m.set_many(many, one)):
            if value is object and begin.__code__.co_names == ("set_many",):
                continue
            threads: list[threading.Thread] = []

            def pause(begin: Callable[[], Any] = begin, threads: list[threading.Thread] = threads) -> None:
                threads.append(threading.Thread(target=begin))
                threads[-1].start()
                time.sleep(0.002)

            operation(Slow(pause))
            for thread in threads:
                thread.join()
            assert m._check() is None


def test_dropping_everything_beside_a_writer(map_class: Class) -> None:
    many = keys(150_000)

    def run() -> None:
        m = map_class(int, int)
        made.append(m)
        for _ in range(4):
            m.set_many(many, 1)
            m.delete_many(many)

    made: list[Any] = []
    with meanwhile(run) as thread:
        while not made:
            time.sleep(0)
        m = made.pop()
        held: list[Any] = []
        while thread.is_alive():
            try:
                held.append(iter(m))
                next(held[-1])
            except (RuntimeError, StopIteration):
                pass
            operator.length_hint(held[-1]) if held else 0
            if len(held) > 3:
                held.clear()
            gc.collect(0)
    assert m._check() is None
    held.clear()
    m.clear()


# ---- signals -----------------------------------------------------------------------------------------

INTERRUPTED = """
import array, signal, sys, threading, time
from gomap import GoMap, Map, Set
cls, work = {"Map": Map, "GoMap": GoMap}[sys.argv[1]], sys.argv[2]
few = array.array("q", [(i * 0x9E3779B97F4A7C15) % 2**64 - 2**63 for i in range(200_000)])
many = few * 200  # a fifth of a second and more of anything
m = cls(int, int)
m.set_many(few, 1)
s = Set(int, few)
calls = {
    "set_many": lambda: m.set_many(many, 1),
    "add_many": lambda: m.add_many(many),
    "get_many": lambda: m.get_many(many),
    "contains_many": lambda: m.contains_many(many),
    "delete_many": lambda: m.delete_many(array.array("q", range(1, 40_000_000))),
    "factorize": lambda: Map.factorize(many),
    "from_arrays": lambda: cls.from_arrays(many, many),
    "list": lambda: m.set_many([few[0]] * 15_000_000, 1),
    "add_many of a set": lambda: s.add_many(many),
}
begun = time.monotonic()
def interrupt():
    global begun
    begun = time.monotonic()
    signal.raise_signal(signal.SIGINT)
threading.Timer(0.1, interrupt).start()
try:
    calls[work]()
except KeyboardInterrupt:
    taken = time.monotonic() - begun
    assert m._check() is None and s._check() is None
    assert set(m) == set(few) and set(s) == set(few)
    m[5] = 6
    m.set_many([5], 7)
    assert m[5] == 7
    print("interrupted", taken)
else:
    print("ended", time.monotonic() - begun)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
@pytest.mark.parametrize(
    "work",
    [
        "set_many",
        "add_many",
        "get_many",
        "contains_many",
        "factorize",
        "from_arrays",
        "list",
        "add_many of a set",
    ],
)
def test_interrupting(map_class: Class, work: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, map_class.__name__, work],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    how, seconds = done.stdout.split()
    assert how == "interrupted"
    assert float(seconds) < 5


def test_a_signals_handler_may_use_the_map(map_class: Class) -> None:
    many = keys(300_000)
    m = map_class(int, int)
    seen: list[str] = []

    def handler(number: int, frame: Any) -> None:
        for operation in (lambda: len(m), lambda: m.clear(), lambda: m.set_many([1], 1)):
            try:
                operation()
                seen.append("done")
            except RuntimeError as error:
                seen.append(str(error))

    if not hasattr(signal, "setitimer"):
        pytest.skip("no timers here")
    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
        for _ in range(4):
            m.set_many(many, 1)
            m.get_many(many, 0)
            m.delete_many(many[::2])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert WORDS in seen
    assert m._check() is None


def test_tracing_memory_meanwhile(map_class: Class) -> None:
    code = f"""
import array, threading, tracemalloc
from gomap import {map_class.__name__} as cls
tracemalloc.start()
many = array.array("q", range(200_000))
def build():
    for _ in range(3):
        m = cls(int, int)
        m.set_many(many, 1)
        m.delete_many(many)
threads = [threading.Thread(target=build) for _ in range(3)]
for thread in threads: thread.start()
while any(thread.is_alive() for thread in threads):
    tracemalloc.get_traced_memory()
for thread in threads: thread.join()
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)

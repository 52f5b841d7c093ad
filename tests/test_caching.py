"""gomap.cached: types from annotations, what is kept, and one computation for all who ask at once."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any

import pytest
from support import each

import gomap
from gomap import NoRoomError, cached


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def types_of(function: Any) -> tuple[str, str]:
    return str(function.cache.key_type), str(function.cache.value_type)


def together(*calls: Callable[[], Any]) -> list[Any]:
    """Results, or errors, of calls in a thread each. A thread that waits for ever fails the test."""
    results: list[Any] = [None] * len(calls)

    def run(i: int) -> None:
        try:
            results[i] = calls[i]()
        except Exception as error:
            results[i] = error

    threads = [threading.Thread(target=run, args=(i,), daemon=True) for i in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    return results


def run(coroutine: Any) -> Any:
    """What asyncio.run returns; it fails when it takes for ever."""

    async def limited() -> Any:
        return await asyncio.wait_for(coroutine, 30)

    return asyncio.run(limited())


# ---- types ------------------------------------------------------------------------------------------


def one(n: int) -> float:
    return n / 2


def several(n: int, text: str = "x", *, loud: bool = False) -> str:
    return text * n + "!" * loud


def plain(n):  # type: ignore[no-untyped-def]
    return n


def unusable(n: list[int] | None) -> dict[str, int]:
    return {"n": 1}


def no_parameters() -> bytes:
    return b"x"


def nothing(n: int) -> None:
    pass


def unknown(n: Nowhere) -> int:  # type: ignore[name-defined]  # noqa: F821
    return 1


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (one, ("int", "float64")),
        (several, ("any", "string")),
        (plain, ("any", "any")),
        (unusable, ("any", "any")),
        (no_parameters, ("any", "bytes")),
        (nothing, ("int", "struct{}")),
        (unknown, ("any", "any")),
        (functools.partial(one, 2), ("any", "any")),
        (max, ("any", "any")),
    ],
)
def test_types_from_annotations(function: Any, expected: tuple[str, str]) -> None:
    assert types_of(cached(function, max_entries=5)) == expected
    assert types_of(cached(function, key="[8]byte", value="uint8", max_entries=5)) == ("[8]byte", "uint8")


def test_annotations_that_are_types_already() -> None:
    def of(n):  # type: ignore[no-untyped-def]
        return str(n)

    of.__annotations__ = {"n": int, "return": str}
    assert types_of(cached(of, max_entries=5)) == types_of(cached(max_entries=5)(of)) == ("int", "string")


# ---- keys -------------------------------------------------------------------------------------------


def test_arguments_however_they_are_passed() -> None:
    calls = []

    @cached(max_entries=10)
    def f(a: int, b: int = 2, *, c: int = 3) -> int:
        calls.append((a, b, c))
        return a + b + c

    assert {f(1), f(1, 2), f(1, b=2), f(b=2, a=1), f(a=1, c=3)} == {6}
    assert f(1, c=4) == 7
    assert calls == [(1, 2, 3), (1, 2, 4)]
    assert f.key_of(1) == f.key_of(a=1, c=3) == f.key_of(1, 2)
    assert f.key_of(1) in f.cache
    with pytest.raises(TypeError, match="missing"):
        f()
    with pytest.raises(TypeError, match="unhashable"):
        f([1])


def test_one_argument_by_its_name() -> None:
    @cached(max_entries=10)
    def f(n: int = 5) -> int:
        return n * n

    assert f() == f(5) == f(n=5) == 25
    assert (f.key_of(), f.key_of(n=7), len(f.cache)) == (5, 7, 1)
    with pytest.raises(TypeError):
        f(1, 2)
    with pytest.raises(TypeError, match="key"):
        f("5")


def test_arguments_that_look_like_named_ones() -> None:
    @cached(max_entries=10)
    def f(*args: Any, **kwargs: Any) -> Any:
        return args, kwargs

    assert f(1, a=2) == ((1,), {"a": 2})
    assert f(1, ("a", 2)) == ((1, ("a", 2)), {})
    assert f(1, (("a", 2),)) == ((1, (("a", 2),)), {})
    assert f(b=1, a=2) == f(a=2, b=1)
    assert f.cache.stats.hits == 1


def test_methods() -> None:
    class Box:
        def __init__(self, side: int) -> None:
            self.side = side
            self.calls = 0

        @cached(max_entries=10)
        def volume(self, times: int = 1) -> int:
            self.calls += 1
            return self.side**3 * times

        @cached(max_entries=10)
        def area(self) -> int:
            self.calls += 1
            return self.side**2

        @staticmethod
        @cached(max_entries=10)
        def double(n: int) -> int:
            return 2 * n

    small, large = Box(1), Box(2)
    assert [small.volume(), large.volume(), small.volume(), large.volume(times=1)] == [1, 8, 1, 8]
    assert [small.area(), large.area(), small.area()] == [1, 4, 1]
    assert (small.calls, large.calls, Box.double(4), types_of(Box.double)) == (2, 2, 8, ("int", "int"))


def test_a_function_without_a_signature() -> None:
    largest = cached(max, max_entries=10)
    assert largest(1, 5) == largest(1, 5) == 5
    assert largest([1, 2].__len__(), 1, key=abs) == 2
    assert largest.cache.stats.hits == 1


# ---- what is kept -----------------------------------------------------------------------------------

LOCKS = each({"no lock": None, "a lock": "key"}, "lock")


@LOCKS
def test_what_a_cached_function_has(lock: Any) -> None:
    def f(n: int) -> int:
        """Squares."""
        return n * n

    wrapped = cached(f, max_entries=5, lock=lock)
    assert (wrapped.__name__, wrapped.__doc__, wrapped.__wrapped__) == ("f", "Squares.", f)
    assert isinstance(wrapped.cache, gomap.Cache)
    assert inspect.signature(wrapped) == inspect.signature(f)
    assert [wrapped(3), wrapped(3), wrapped(4)] == [9, 9, 16]
    assert (wrapped.cache.stats.hits, wrapped.cache.stats.misses, wrapped.cache[3]) == (1, 2, 9)
    wrapped.cache.clear()
    assert wrapped(3) == 9
    assert wrapped.cache._check() is None


@LOCKS
def test_exceptions_are_not_kept(lock: Any) -> None:
    calls = 0

    @cached(max_entries=5, lock=lock)
    def f(n: int) -> int:
        nonlocal calls
        calls += 1
        if calls < 3:
            raise OSError(calls)
        return n

    for expected in (1, 2):
        with pytest.raises(OSError, match=str(expected)):
            f(7)
    assert f(7) == f(7) == 7
    assert calls == 3


@LOCKS
def test_none_is_kept(lock: Any) -> None:
    calls = []
    f = cached(lambda n: calls.append(n), max_entries=5, lock=lock)
    assert f(1) is f(1) is None
    assert calls == [1]


@LOCKS
def test_times_to_live(lock: Any) -> None:
    clock, calls = Clock(), []

    @cached(ttl=10, clock=clock, lock=lock)
    def f(n: int) -> int:
        calls.append(clock.now)
        return n

    for clock.now in (0, 5, 9, 10, 15, 25):
        assert f(1) == 1
    assert calls == [0, 10, 25]


@LOCKS
def test_a_result_without_room_is_returned(lock: Any) -> None:
    calls = []

    @cached(max_bytes=20_000, lock=lock)
    def f(n: int) -> bytes:
        calls.append(n)
        return bytes(n)

    assert [len(f(n)) for n in (100_000, 100, 100_000, 100)] == [100_000, 100, 100_000, 100]
    assert calls == [100_000, 100, 100_000]
    with pytest.raises(NoRoomError, match="no room within max_bytes, which is 20,000"):
        f.cache[1] = bytes(100_000)
    assert f.cache._check() is None
    results = together(*[lambda: f(50_000)] * 4)
    assert [len(result) for result in results] == [50_000] * 4


@LOCKS
def test_what_does_not_fit_the_type_is_returned(lock: Any) -> None:
    @cached(max_entries=5, lock=lock)
    def power(n: int) -> int:
        return 2**n if n < 1000 else n

    assert power(100) == power(100) == 2**100
    assert power(2**80) == 2**80
    assert power(3) == 8
    assert list(power.cache) == [3]

    @cached(max_entries=5, lock=lock)
    def wrong(n: int) -> int:
        return str(n)  # type: ignore[return-value]

    with pytest.raises(TypeError, match="value"):
        wrong(1)


@LOCKS
@pytest.mark.parametrize("error", [ValueError, OverflowError, NoRoomError])
def test_what_on_evict_raises_is_raised(lock: Any, error: type[Exception]) -> None:
    def refuse(key: int, value: int, reason: str) -> None:
        raise error("from on_evict")

    f = cached(one, max_entries=1, lock=lock, on_evict=refuse)
    assert f(1) == 0.5
    with pytest.raises(error, match="from on_evict"):
        f(2)
    assert f(2) == 1.0


# ---- what is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "options", "error", "words"),
    [
        ((one,), {}, ValueError, "needs a limit"),
        ((), {"lock": "all", "max_entries": 1}, ValueError, "lock: expected 'key' or None, got 'all'"),
        ((5,), {"max_entries": 1}, TypeError, "cached: expected a function, got int 5"),
        ((one,), {"max_entries": 0}, ValueError, "max_entries: expected from 1"),
        ((one,), {"size": 5}, TypeError, "size"),
        ((one,), {"key": "unit8", "max_entries": 1}, ValueError, "unit8"),
    ],
)
def test_bad_arguments(arguments: Any, options: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        cached(*arguments, **options)


# ---- threads ----------------------------------------------------------------------------------------


def test_many_threads_compute_once() -> None:
    calls, started, go_on = [], threading.Event(), threading.Event()

    @cached(max_entries=5, lock="key")
    def f(n: int) -> int:
        calls.append(n)
        started.set()
        assert go_on.wait(30)
        return n * n

    def last() -> int:
        assert started.wait(30)
        threading.Timer(0.05, go_on.set).start()
        return f(3)  # type: ignore[no-any-return]

    assert together(*[lambda: f(3)] * 30, last) == [9] * 31
    assert calls == [3]
    assert f.cache._check() is None


def test_when_the_one_who_computes_fails_another_tries() -> None:
    calls, asked = [], threading.Semaphore(0)

    @cached(max_entries=5, lock="key")
    def f(n: int) -> int:
        calls.append(n)
        if len(calls) == 1:
            for _ in range(10):
                assert asked.acquire(timeout=30)
            raise OSError("the first")
        return n

    def ask() -> Any:
        asked.release()
        return f(1)

    results = together(*[ask] * 10)
    assert sum(isinstance(result, OSError) for result in results) == 1
    assert results.count(1) == 9
    assert len(calls) == 2


def test_a_call_from_within_its_own_computation() -> None:
    depth = 0

    @cached(max_entries=5, lock="key")
    def f(n: int) -> int:
        nonlocal depth
        depth += 1
        return f(n) + 1 if depth < 4 else 0

    assert together(lambda: f(1)) == [3]
    assert f(1) == 3


def test_recursion() -> None:
    @cached(max_entries=1000, lock="key")
    def fibonacci(n: int) -> int:
        return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)  # type: ignore[no-any-return]

    assert fibonacci(80) == 23416728348467685
    assert fibonacci.cache.stats.entries == 81


def test_two_keys_that_need_each_other() -> None:
    """Each thread has begun one, and then asks for the other's."""
    meet = threading.Barrier(2)
    calls = []

    @cached(max_entries=5, lock="key")
    def f(n: int) -> int:
        calls.append(n)
        if len(calls) > 2:
            return 0
        meet.wait(30)
        return 1 + f(1 - n)  # type: ignore[no-any-return]

    results = together(lambda: f(0), lambda: f(1))
    assert sorted(results) == [1, 2]
    assert len(calls) == 3


@pytest.mark.parametrize("count", [2, 3, 5])
def test_functions_that_need_each_other(count: int) -> None:
    """In a circle, each in a thread of its own."""
    meet, calls = threading.Barrier(count), []

    def made(i: int) -> Any:
        @cached(max_entries=5, lock="key")
        def f(n: int) -> int:
            calls.append(i)
            if len(calls) > count:
                return 0
            meet.wait(30)
            return 1 + functions[(i + 1) % count](n)  # type: ignore[no-any-return]

        return f

    functions = [made(i) for i in range(count)]
    results = together(*[lambda f=f: f(7) for f in functions])
    assert sorted(results) == list(range(1, count + 1))
    assert len(calls) == count + 1


def test_any_circles() -> None:
    """Many threads, keys that need others, at random: all come to an end."""
    calls = []

    @cached(max_entries=3, lock="key")
    def f(n: int, depth: int) -> int:
        calls.append(n)
        for i in range(3 if depth else 0):
            f((n * 7 + i) % 5, depth - 1)
        return n

    assert together(*[lambda i=i: f(i % 5, 4) for i in range(20)]) == [i % 5 for i in range(20)]
    assert f.cache._check() is None


def test_keys_whose_comparison_calls_the_function() -> None:
    calls, compared = [], []

    class Key:
        def __hash__(self) -> int:
            return 1

        def __eq__(self, other: object) -> bool:
            compared.append(other)
            if len(compared) < 50:
                f(Key())
            return self is other

    @cached(max_entries=50, lock="key")
    def f(key: object) -> int:
        calls.append(key)
        return f(Key()) + 1 if len(calls) < 3 else 0  # type: ignore[no-any-return]

    assert isinstance(together(lambda: f(Key()))[0], int)
    assert f.cache._check() is None


# ---- coroutines -------------------------------------------------------------------------------------


@LOCKS
def test_coroutines(lock: Any) -> None:
    calls = []

    @cached(max_entries=10, lock=lock)
    async def f(n: int) -> int:
        calls.append(n)
        await asyncio.sleep(0)
        if n < 0:
            raise OSError(n)
        return n * n

    async def main() -> None:
        assert inspect.iscoroutinefunction(f)
        assert [await f(3), await f(3), await f(n=4)] == [9, 9, 16]
        for _ in range(2):
            with pytest.raises(OSError, match="-1"):
                await f(-1)

    run(main())
    assert calls == [3, 4, -1, -1]
    assert types_of(f) == ("int", "int")
    assert (f.cache.stats.hits, f.__wrapped__.__name__, f.key_of(n=5)) == (1, "f", 5)


def test_many_tasks_compute_once() -> None:
    calls = []

    @cached(max_entries=10, lock="key")
    async def f(n: int) -> int:
        calls.append(n)
        await asyncio.sleep(0.01)
        return n

    async def main() -> list[int]:
        return await asyncio.gather(*[f(i % 2) for i in range(100)])

    assert run(main()) == [0, 1] * 50
    assert sorted(calls) == [0, 1]


def test_a_task_that_fails_lets_another_try() -> None:
    calls = []

    @cached(max_entries=10, lock="key")
    async def f(n: int) -> int:
        calls.append(n)
        first = len(calls) == 1
        await asyncio.sleep(0.01)
        if first:
            raise OSError("the first")
        return n

    async def main() -> list[Any]:
        return await asyncio.gather(*[f(1) for _ in range(10)], return_exceptions=True)

    results = run(main())
    assert sum(isinstance(result, OSError) for result in results) == 1
    assert results.count(1) == 9
    assert calls == [1, 1]


def test_a_task_that_is_cancelled_lets_another_try() -> None:
    calls = []

    @cached(max_entries=10, lock="key")
    async def f(n: int) -> int:
        calls.append(n)
        await asyncio.sleep(100 if len(calls) == 1 else 0)
        return n

    async def main() -> None:
        owner = asyncio.create_task(f(1))
        await asyncio.sleep(0)
        waiting = [asyncio.create_task(f(1)) for _ in range(5)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.sleep(0)
        assert [waiting[0].cancelled(), owner.done(), len(calls)] == [True, False, 1]
        owner.cancel()
        assert await asyncio.gather(*waiting[1:]) == [1] * 4
        with pytest.raises(asyncio.CancelledError):
            await owner

    run(main())
    assert calls == [1, 1]


@pytest.mark.parametrize("tasks", [False, True])
def test_a_coroutine_from_within_its_own_computation(tasks: bool) -> None:
    """Directly, or in tasks that it starts and waits for."""
    calls = []

    @cached(max_entries=10, lock="key")
    async def f(n: int) -> int:
        calls.append(n)
        if len(calls) > 1:
            return 0
        if tasks:
            return 1 + sum(await asyncio.gather(f(n), f(n)))
        return 1 + await f(n)  # type: ignore[no-any-return]

    assert run(f(1)) == 1
    assert len(calls) >= 2


@pytest.mark.parametrize("tasks", [False, True])
def test_coroutines_that_need_each_other(tasks: bool) -> None:
    calls = []

    def made(i: int) -> Any:
        @cached(max_entries=5, lock="key")
        async def f(n: int) -> int:
            calls.append(i)
            if len(calls) > 3:
                return 0
            await asyncio.sleep(0.01)
            needed = functions[(i + 1) % 3](n)
            return 1 + (await asyncio.create_task(needed) if tasks else await needed)  # type: ignore[no-any-return]

        return f

    functions = [made(i) for i in range(3)]

    async def main() -> list[int]:
        return await asyncio.gather(*[f(7) for f in functions])

    assert sorted(run(main())) == [1, 2, 3]
    assert len(calls) == 4


def test_event_loops_do_not_wait_for_each_other() -> None:
    """Another loop may have stopped, and then it would never go on."""
    calls = []

    @cached(max_entries=5, lock="key")
    async def f(n: int) -> int:
        calls.append(n)
        await asyncio.sleep(100 if len(calls) == 1 else 0)
        return n

    stopped = asyncio.new_event_loop()
    task = stopped.create_task(f(1))
    stopped.run_until_complete(asyncio.sleep(0))
    assert run(f(1)) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        stopped.run_until_complete(task)
    stopped.close()
    assert run(f(1)) == 1
    assert calls == [1, 1]


def test_event_loops_in_threads() -> None:
    calls = []

    @cached(max_entries=2, lock="key")
    async def f(n: int) -> int:
        calls.append(n)
        await asyncio.sleep(0)
        return n

    async def main() -> list[int]:
        return [sum(await asyncio.gather(*[f((i + j) % 4) for i in range(8)])) for j in range(50)]

    assert together(*[lambda: asyncio.run(main())] * 6) == [[12] * 50] * 6
    assert f.cache._check() is None

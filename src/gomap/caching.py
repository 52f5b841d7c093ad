"""``@cached``: a function whose results are kept in a :class:`~gomap.Cache`.

The types of the cache come from the function's annotations. With ``lock="key"`` a result that many ask for at once is
computed once: the others wait for it. A call waits for nobody who waits for it, directly or through others, so
functions that call each other in circles compute twice, and do not deadlock.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
import typing
from collections.abc import Callable, Hashable
from typing import Any

from ._core import Cache
from ._words import shown
from .types import parse

__all__ = ["cached"]

_UNSET: Any = object()


def cached(
    function: Callable[..., Any] | None = None,
    /,
    *,
    key: Any = None,
    value: Any = None,
    lock: str | None = None,
    **options: Any,
) -> Any:
    """Keep a function's results in a cache of its own; for functions and coroutine functions.

    The result's attributes are ``cache``, ``key_of(*args, **kwargs)``, the key of a call, and ``__wrapped__``. An
    exception is not kept.

    :param key: the type of the keys; without it that of the only parameter's annotation, or ``object``: the tuple of
        the arguments, which have to be hashable
    :param value: the type of the results; without it that of the return annotation, or ``object``
    :param lock: ``"key"``: calls with the same arguments compute once, the others wait. None: each computes for itself
    :param options: :class:`~gomap.Cache`'s: ``max_bytes``, ``max_entries``, ``ttl``, ``tti``, ``on_evict``, ``clock``
    :raises ValueError: there is neither a limit nor a time

    >>> @cached(max_entries=1000)
    ... def square(n: int) -> int:
    ...     return n * n
    >>> square(3), square(3), square.cache.stats.hits
    (9, 9, 1)
    """
    if lock not in (None, "key"):
        raise ValueError(f"lock: expected 'key' or None, got {shown(lock)}")
    if function is None:
        return functools.partial(cached, key=key, value=value, lock=lock, **options)
    if not callable(function):
        raise TypeError(
            f"cached: expected a function, got {type(function).__name__} {shown(function)}; "
            "write @cached(max_entries=1000)"
        )
    key_type, key_of = _key_of(function, key)
    cache = Cache(key_type, _value_type(function) if value is None else value, **options)
    make = _coroutine if inspect.iscoroutinefunction(function) else _function
    wrapper: Any = functools.wraps(function)(make(function, cache, key_of, lock))
    wrapper.cache = cache
    wrapper.key_of = key_of
    return wrapper


# ---- types ------------------------------------------------------------------------------------------


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except Exception:  # of names that are not there at run time
        return {}


def _usable(hint: object, role: str) -> bool:
    try:
        parse(hint, role)
    except (TypeError, ValueError):
        return False
    return hint is not None


def _value_type(function: Callable[..., Any]) -> Any:
    hint = _hints(function).get("return", object)
    return hint if _usable(hint, "value") else object


def _key_of(function: Callable[..., Any], key: Any) -> tuple[Any, Callable[..., Any]]:
    """The type of the keys, and the function that makes one of a call's arguments."""
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if len(parameters) == 1 and parameters[0].kind in plain:
        name = parameters[0].name
        hint = _hints(function).get(name, object) if key is None else key

        def only(*args: Any, **kwargs: Any) -> Any:
            if len(args) == 1 and not kwargs:
                return args[0]
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            return bound.arguments[name]

        return (hint if key is not None or _usable(hint, "key") else object), only

    def every(*args: Any, **kwargs: Any) -> Hashable:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return (*bound.args, *sorted(bound.kwargs.items()))

    return (object if key is None else key), every


# ---- functions --------------------------------------------------------------------------------------


def _function(function: Callable[..., Any], cache: Any, key_of: Callable[..., Any], lock: str | None) -> Any:
    if lock is None:

        def plain(*args: Any, **kwargs: Any) -> Any:
            key = key_of(*args, **kwargs)
            found = cache.get(key, _UNSET)
            if found is not _UNSET:
                return found
            result = function(*args, **kwargs)
            cache[key] = result
            return result

        return plain
    flights = _Flights()

    def once(*args: Any, **kwargs: Any) -> Any:
        key = key_of(*args, **kwargs)
        found = cache.get(key, _UNSET)
        while found is _UNSET:
            flight, own = flights.join(key, threading.get_ident())
            if flight is None:
                result = cache[key] = function(*args, **kwargs)
                return result
            if own:
                try:
                    found = cache.peek(key, _UNSET)  # it may have landed since
                    if found is _UNSET:
                        found = cache[key] = function(*args, **kwargs)
                    flight.result = found
                    return found
                finally:
                    flights.land(key, flight)
            flight.done.wait()
            flights.leave(threading.get_ident())
            found = flight.result  # unset if it failed: then another one tries
        return found

    return once


class _Flight:
    """A computation under way: who computes, and its result."""

    def __init__(self, owner: int) -> None:
        self.owner = owner
        self.done = threading.Event()
        self.result = _UNSET


class _Flights:
    """The computations under way, by key, and who waits for which. No code of others runs while the lock is held."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_key: dict[Any, _Flight] = {}
        self._waiting: dict[int, _Flight] = {}

    def join(self, key: Any, caller: int) -> tuple[_Flight | None, bool]:
        """A flight and whether it is the caller's own; None: waiting would never end, so the caller computes alone."""
        with self._lock:
            flight = self._by_key.get(key)
            if flight is None:
                flight = self._by_key[key] = _Flight(caller)
                return flight, True
            ahead: _Flight | None = flight
            while ahead is not None:
                if ahead.owner == caller:
                    return None, False
                ahead = self._waiting.get(ahead.owner)
            self._waiting[caller] = flight
            return flight, False

    def leave(self, caller: int) -> None:
        with self._lock:
            self._waiting.pop(caller, None)

    def land(self, key: Any, flight: _Flight) -> None:
        with self._lock:
            del self._by_key[key]
        flight.done.set()


# ---- coroutines -------------------------------------------------------------------------------------


def _coroutine(function: Callable[..., Any], cache: Any, key_of: Callable[..., Any], lock: str | None) -> Any:
    flights: dict[Any, tuple[Any, asyncio.Future[Any]]] = {}
    waiting: dict[Any, Any] = {}  # from a task to the task that it waits for

    async def call(*args: Any, **kwargs: Any) -> Any:
        key = key_of(*args, **kwargs)
        task = asyncio.current_task()
        while True:
            found = cache.get(key, _UNSET)
            if found is not _UNSET:
                return found
            if lock is None or key not in flights:
                break
            owner, future = flights[key]
            ahead = owner
            while ahead is not None and ahead is not task:
                ahead = waiting.get(ahead)
            if ahead is task or future.get_loop() is not asyncio.get_running_loop():
                break  # waiting would never end
            waiting[task] = owner
            try:
                await asyncio.wait([future])
            finally:
                waiting.pop(task, None)
            if not future.cancelled() and future.exception() is None and future.result() is not _UNSET:
                return future.result()
        if lock is None or key in flights:
            result = await function(*args, **kwargs)
            cache[key] = result
            return result
        future = asyncio.get_running_loop().create_future()
        flights[key] = task, future
        result = _UNSET
        try:
            result = await function(*args, **kwargs)
            cache[key] = result
            return result
        finally:
            del flights[key]
            future.set_result(result)

    return call

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
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from ._core import Cache, NoRoomError
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
    exception is not kept, nor is a result that has no room in the cache or does not fit its type.

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
    try:
        signature = inspect.signature(function)
    except ValueError:  # some of C's have none
        signature = inspect.signature(lambda *args, **kwargs: None)
    parameters = list(signature.parameters.values())
    kinds = {parameter.kind for parameter in parameters}
    plain = kinds <= {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    named_kinds = {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}

    def bound(args: tuple[Any, ...], kwargs: dict[str, Any]) -> inspect.BoundArguments:
        found = signature.bind(*args, **kwargs)
        found.apply_defaults()
        return found

    if plain and len(parameters) == 1:
        name = parameters[0].name
        hint = _hints(function).get(name, object) if key is None else key

        def only(*args: Any, **kwargs: Any) -> Any:
            return args[0] if len(args) == 1 and not kwargs else bound(args, kwargs).arguments[name]

        return (hint if key is not None or _usable(hint, "key") else object), only

    def every(*args: Any, **kwargs: Any) -> Hashable:
        if plain and len(args) == len(parameters) and not kwargs:
            return args
        found = bound(args, kwargs)
        named = tuple(sorted(found.kwargs.items()))
        if inspect.Parameter.VAR_POSITIONAL in kinds and kinds & named_kinds:
            return found.args, named  # a pair among the arguments is no named one
        return (*found.args, *named)

    return (object if key is None else key), every


# ---- functions --------------------------------------------------------------------------------------


def _keep(cache: Any, key: Any, result: Any) -> Any:
    """Puts a result into the cache, if it has room there and its type holds it. Returns the result."""
    try:
        cache[key] = result
    except (NoRoomError, OverflowError):
        if cache.peek(key, _UNSET) is not _UNSET:
            raise  # it is in: this is on_evict's
    return result


def _function(function: Callable[..., Any], cache: Any, key_of: Callable[..., Any], lock: str | None) -> Any:
    def plain(*args: Any, **kwargs: Any) -> Any:
        key = key_of(*args, **kwargs)
        found = cache.get(key, _UNSET)
        return _keep(cache, key, function(*args, **kwargs)) if found is _UNSET else found

    if lock is None:
        return plain
    flights = _Flights(at_home=False)

    def once(*args: Any, **kwargs: Any) -> Any:
        key = key_of(*args, **kwargs)
        found = cache.get(key, _UNSET)
        while found is _UNSET:
            done = threading.Event()
            own = _Flight(threading.get_ident(), done, done.set)
            flight = flights.join(key, own)
            if flight is None:
                return _keep(cache, key, function(*args, **kwargs))
            if flight is own:
                with flights.aloft(key, own):
                    found = cache.peek(key, _UNSET)  # it may have landed since
                    if found is _UNSET:
                        found = own.result = function(*args, **kwargs)
                        _keep(cache, key, found)
                return found
            try:
                flight.done.wait()
            finally:
                flights.leave(flight)
            found = flight.result  # unset if it failed: then another one tries
        return found

    return once


def _coroutine(function: Callable[..., Any], cache: Any, key_of: Callable[..., Any], lock: str | None) -> Any:
    async def plain(*args: Any, **kwargs: Any) -> Any:
        key = key_of(*args, **kwargs)
        found = cache.get(key, _UNSET)
        return _keep(cache, key, await function(*args, **kwargs)) if found is _UNSET else found

    if lock is None:
        return plain
    flights = _Flights(at_home=True)

    async def once(*args: Any, **kwargs: Any) -> Any:
        key = key_of(*args, **kwargs)
        found = cache.get(key, _UNSET)
        while found is _UNSET:
            done = (loop := asyncio.get_running_loop()).create_future()
            own = _Flight(loop, done, functools.partial(done.set_result, None))
            flight = flights.join(key, own)
            if flight is None:
                return _keep(cache, key, await function(*args, **kwargs))
            if flight is own:
                with flights.aloft(key, own):
                    found = own.result = await function(*args, **kwargs)
                    _keep(cache, key, found)
                return found
            try:
                await asyncio.wait([flight.done])
            finally:
                flights.leave(flight)
            found = flight.result
        return found

    return once


# ---- computations under way -------------------------------------------------------------------------
#
# A flight is a computation under way. The context variable `_current` is the flight that a call is made from; tasks
# that it starts inherit it. A flight goes on only when those it waits for have landed: those that begin within it, and
# those that calls made from it wait for. A call that would close a circle of flights does not wait.

_current: ContextVar[_Flight | None] = ContextVar("gomap.cached", default=None)

#: Of all that follows. Comparing keys and the collector may run code that comes here again.
_lock = threading.RLock()


class _Flight:
    """A computation under way, and its result once it has landed; unset: it failed.

    :param home: the thread or the loop that it is made in
    :param done: what others wait on
    :param land: lets them go on
    """

    def __init__(self, home: object, done: Any, land: Callable[[], object]) -> None:
        self.home, self.done, self.land = home, done, land
        self.parent = _current.get()
        self.waits_for: set[_Flight] = set()
        self.landed = False
        self.result = _UNSET

    def closes_a_circle(self, other: _Flight) -> bool:
        """Whether the other waits for a flight that this one is made from."""
        above: set[_Flight] = set()
        each = self.parent
        while each is not None:
            above.add(each)
            each = each.parent
        ahead, seen = [other], {other}
        while ahead:
            one = ahead.pop()
            if one.landed:
                continue
            if one in above:
                return True
            ahead += one.waits_for - seen
            seen |= one.waits_for
        return False


class _Flights:
    """A function's flights, by key.

    :param at_home: tasks wait for those of their own loop alone, as another may have stopped for good; threads for
        those of others alone
    """

    def __init__(self, at_home: bool) -> None:
        self._by_key: dict[Any, _Flight] = {}
        self._at_home = at_home

    def join(self, key: Any, own: _Flight) -> _Flight | None:
        """The flight to wait for; or the caller's own, which it has to fly; or None: it computes without one."""
        with _lock:
            flight = self._by_key.setdefault(key, own)
            if flight.landed:  # comparing keys raised when it landed
                flight = self._by_key[key] = own
            if flight is not own and ((flight.home == own.home) is not self._at_home or own.closes_a_circle(flight)):
                return None
            if own.parent is not None:
                own.parent.waits_for.add(flight)
            return flight

    @contextmanager
    def aloft(self, key: Any, flight: _Flight) -> Iterator[None]:
        before = _current.set(flight)
        try:
            yield
        finally:
            try:
                with _lock:
                    flight.landed = True
                    if flight.parent is not None:
                        flight.parent.waits_for.discard(flight)
                    self._by_key.pop(key, None)
            finally:
                flight.land()
                with suppress(ValueError):  # of a coroutine that is closed in another context
                    _current.reset(before)

    def leave(self, flight: _Flight) -> None:
        """The caller no longer waits for a flight. While that has not landed, others of the same parent may."""
        parent = _current.get()
        if parent is not None and flight.landed:
            with _lock:
                parent.waits_for.discard(flight)

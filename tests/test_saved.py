"""Saved maps: written whole or not at all, opened where their bytes stand, loaded; by any process, and whatever the
bytes are."""

from __future__ import annotations

import contextlib
import errno
import gc
import multiprocessing
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
from array import array
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any

import pytest
from conftest import PAIRS
from hypothesis import given, settings
from hypothesis import strategies as st
from saved_cases import CASES, SAVED, make
from support import Class, Examples, Plain, assert_same, each, in_turn, same_bytes

import gomap
from gomap import GoMap, Map, Set, files

SAVABLE = [pair for pair in PAIRS if not any("any" in name for name in pair)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.gomap"


def used(m: Any) -> None:
    """Has entries come and go, so that there are empty slots, gaps and overflow."""
    keys = list(m)
    entries = {key: m[key] for key in keys[::3]}
    for key in entries:
        del m[key]
    for key in list(entries)[::2]:
        m[key] = entries[key]


# ---- saved, opened, loaded ---------------------------------------------------------------------------


@pytest.mark.parametrize("pair", SAVABLE, ids="-".join)
@pytest.mark.parametrize("count", [0, 1, 9, 300])
def test_all_ways_back(map_class: Class, pair: tuple[str, str], count: int, examples: Examples, path: Path) -> None:
    keys, values = examples(pair[0], count or 1)[:count], examples(pair[1], 100)
    m = map_class(*pair, {key: values[i % len(values)] for i, key in enumerate(keys)})
    used(m)
    expected = dict(m.items())
    m.save(path)
    assert m._check() is None
    assert path.stat().st_size == m.saved_nbytes
    for back in (
        Map.open(path),
        Map.open(path, mode="c", verify=True),
        Map.open(path, copy=True),
        Map.open(path).copy(),
        Map.load(path),
        Map.load(path, reseed=True),
        GoMap.load(path),
        Map.from_buffer(m.to_buffer(), verify=True),
        Map.from_buffer(memoryview(b"1" + m.to_buffer())[1:]),  # at an odd address
    ):
        assert_same(back, expected)
        assert (back.key_type, back.value_type) == (m.key_type, m.value_type)
        for key in keys:
            assert (key in back) is (key in expected)
    files.verify(path)


def test_sets(path: Path) -> None:
    s = Set(str, [f"word {i}" for i in range(1000)])
    s.save(path)
    opened = Set.open(path, verify=True)
    assert opened == s == Set.load(path) == Set.from_buffer(s.to_buffer())
    assert opened & {"word 1", "x"} == {"word 1"}
    assert opened | {"x"} == s | {"x"}
    assert Map.open(path)["word 7"] is None
    with pytest.raises(TypeError, match="is only read"):
        opened.add("x")
    Map(int, int, {1: 2}).save(path)
    with pytest.raises(TypeError, match=r"expected a saved set, got a map\[int\]int: use Map"):
        Set.open(path)


def test_everything_that_reads(path: Path) -> None:
    m = Map(int, int, {i: i % 10 for i in range(1000)})
    m.save(path)
    o = Map.open(path)
    keys = array("q", [1, 5, 2000])
    assert list(o.get_many(keys, -1)) == [1, 5, -1]
    assert list(o.contains_many(keys)) == [True, True, False]
    assert sum(o.to_arrays()[1]) == sum(m.values())
    assert o.most_common(1)[0][1] == 9
    assert o.get(5) == 5
    assert o.get(-5, "none") == "none"
    assert dict(o.items()) == dict(zip(o.keys(), o.values(), strict=True)) == dict(m)
    assert (o | {7: 8})[7] == 8
    assert repr(o).startswith("Map('int', 'int', {")
    assert "int" in o._repr_html_()
    assert o.stats().entries == 1000
    assert o.memory().mapped == path.stat().st_size
    assert o.nbytes == o.memory().total < 1000
    assert sys.getsizeof(o) == o.nbytes
    into = Map(int, int)
    into.update(o)
    into.merge(o, how="add")
    assert into[9] == 18
    assert Map(int, int, o) == m
    assert len(next(iter(o.items()))) == 2


WRITING: dict[str, Any] = {
    "set": lambda m: m.__setitem__(1, 2),
    "delete": lambda m: m.__delitem__(1),
    "setdefault": lambda m: m.setdefault(1, 5),
    "pop": lambda m: m.pop(1),
    "popitem": lambda m: m.popitem(),
    "clear": lambda m: m.clear(),
    "update": lambda m: m.update({3: 4}),
    "add": lambda m: m.add(1),
    "add_many": lambda m: m.add_many([1, 2]),
    "max_many": lambda m: m.max_many([1, 2], 9),
    "set_many": lambda m: m.set_many(array("q", [1, 2]), 3),
    "delete_many": lambda m: m.delete_many(array("q", [1])),
    "delete_where": lambda m: m.delete_where(lambda keys, values: [True] * len(keys)),
    "encode": lambda m: m.encode([1, 2]),
    "merge": lambda m: m.merge(Map(int, int, {1: 1})),
    "reserve": lambda m: m.reserve(1000),
    "compact": lambda m: m.compact(),
    "reset_peak": lambda m: m.reset_peak(),
    "ior": lambda m: m.__ior__({3: 4}),
    "init": lambda m: m.__init__(int, int, {3: 4}),
}


@each(WRITING)
def test_what_writes_is_refused(operation: Any, path: Path) -> None:
    Map(int, int, {1: 0, 2: 1}).save(path)
    before = path.read_bytes()
    for m, name in ((Map.open(path), repr(str(path))), (Map.from_buffer(before), "a buffer")):
        with pytest.raises(TypeError) as caught:
            operation(m)
        assert str(caught.value) == (
            f"this map[int]int is over {name}, which is only read: Map.load(...) gives one that can be written to, and "
            'mode="c" one that is copied when it is first written to'
        )
        assert_same(m, {1: 0, 2: 1})
    assert path.read_bytes() == before


@each(WRITING)
def test_the_first_write_copies(operation: Any, path: Path) -> None:
    Map(int, int, {1: 0, 2: 1}).save(path)
    before = path.read_bytes()
    m, expected = Map.open(path, mode="c"), Map(int, int, {1: 0, 2: 1})
    assert m.memory().mapped
    iterator = iter(m)
    operation(m)
    operation(expected)
    assert m.memory().mapped == 0
    assert len(m) == len(expected)
    assert m._check() is None
    with pytest.raises(RuntimeError, match="during iteration"):
        next(iterator)
    m[5] = 6
    assert path.read_bytes() == before
    assert_same(Map.open(path), {1: 0, 2: 1})


def test_a_copied_map_is_as_any_other(path: Path, examples: Examples) -> None:
    rng = random.Random(1)
    for pair in (("int", "[200]byte"), ("string", "string"), ("struct{a string; b int}", "struct{a bytes}")):
        keys, values = examples(pair[0], 300), examples(pair[1], 100)
        model = {key: rng.choice(values) for key in keys}
        Map(*pair, model).save(path)
        for m in (Map.open(path, mode="c"), Map.load(path)):
            mine = dict(model)
            for _ in range(1000):
                key = rng.choice(keys)
                if rng.random() < 0.5:
                    m[key] = mine[key] = rng.choice(values)
                elif mine.pop(key, None) is not None:
                    del m[key]
                if rng.random() < 0.02:
                    assert m._check() is None
            assert_same(m, mine)


def test_types_may_be_expected(path: Path) -> None:
    Map(int, str, {1: "a"}).save(path)
    assert Map[int, str].open(path)[1] == Map.load(path, key=int, value=str)[1] == "a"
    with pytest.raises(TypeError, match="expected values of type int, got string"):
        Map[int, int].load(path)
    Set(int, [1]).save(path)
    assert 1 in Set[int].open(path)
    with pytest.raises(TypeError, match="expected keys of type string, got int"):
        Set[str].open(path)


def test_subclasses(path: Path) -> None:
    class Mine(Map[Any, Any]):
        def __new__(cls, *args: Any) -> Any:
            return super().__new__(cls)

    class Made(Map[Any, Any]):
        """Whose map is there before it is opened, of types that are spelled in another way."""

        def __new__(cls, *args: Any) -> Any:
            made = super().__new__(cls)
            Map.__init__(made, "int64", "struct{a int; b string}")
            return made

    Mine(int, int, {1: 2}).save(path)
    assert type(Mine.open(path)) is type(Mine.load(path)) is Mine
    assert_same(Mine.load(path), {1: 2})
    Map(int, "struct{a int; b string}", {1: (2, "x" * 99)}).save(path)
    made = [Made.open(path), Made.open(path, mode="c"), Made.load(path)]
    for i in range(600):  # types are not remembered for ever
        Map(f"[{i}]byte", int)
    gc.collect()
    for m in made:
        assert m[1] == (2, "x" * 99)
        assert m._check() is None
    made[1][5] = made[2][5] = (6, "y" * 99)
    assert made[1] == made[2] == {1: (2, "x" * 99), 5: (6, "y" * 99)}
    Mine(int, int, {1: 2}).save(path)
    assert_same(Plain.load(path), {1: 2})


def test_objects_are_refused(path: Path) -> None:
    m = Map("any", int, {(): 1})
    for attempt in (lambda: m.save(path), m.to_buffer, lambda: m.saved_nbytes):
        with pytest.raises(TypeError, match="its objects are Python's, and a file with pickles"):
            attempt()
    assert not path.exists()


def test_goMaps_are_loaded_whole(path: Path) -> None:
    GoMap(int, str, {i: "x" * i for i in range(100)}).save(path)
    assert files.info(path).saved_by == "GoMap"
    with pytest.raises(TypeError, match="GoMap"):
        GoMap.open(path)
    with pytest.raises(TypeError, match="GoMap"):
        GoMap.from_buffer(path.read_bytes())


# ---- buffers -----------------------------------------------------------------------------------------


def test_buffers_are_held() -> None:
    m = Map(str, int, {f"{i}": i for i in range(100)})
    room = bytearray(m.to_buffer())
    over = Map.from_buffer(room)
    with pytest.raises(BufferError):
        room.extend(b"x")
    assert_same(over, dict(m))
    del over
    gc.collect()
    room.extend(b"x")


def test_into_a_buffer() -> None:
    m = Map(int, int, {i: i for i in range(1000)})
    room = bytearray(m.saved_nbytes + 100)
    part = m.to_buffer(room)
    assert len(part) == m.saved_nbytes
    assert bytes(part) == m.to_buffer()
    assert_same(Map.from_buffer(room), dict(m))  # what follows does not matter
    with pytest.raises(ValueError, match=f"expected a buffer of at least {m.saved_nbytes:,} bytes, got 10"):
        m.to_buffer(bytearray(10))
    with pytest.raises(TypeError, match="that can be written to, got bytes"):
        m.to_buffer(bytes(m.saved_nbytes))
    with pytest.raises(TypeError, match="one contiguous piece"):
        Map.from_buffer(memoryview(m.to_buffer())[::2])
    with pytest.raises(
        TypeError, match="out: expected an object with a buffer, such as bytes or a memoryview, got int 5"
    ):
        m.to_buffer(5)
    with pytest.raises(TypeError, match="buffer: expected an object with a buffer, such as .*, got str 'text'"):
        Map.from_buffer("text")
    assert m._check() is None
    m[1] = 2  # nothing holds it


def test_shared_memory() -> None:
    m = Map(int, str, {i: str(i) * 9 for i in range(500)})
    shared = SharedMemory(create=True, size=m.saved_nbytes)
    try:
        m.to_buffer(shared.buf).release()
        other = SharedMemory(shared.name)
        over = Map.from_buffer(other.buf)
        assert_same(over, dict(m))
        with pytest.raises(BufferError):
            other.close()
        del over
        gc.collect()
        other.close()
    finally:
        shared.close()
        shared.unlink()


# ---- processes ---------------------------------------------------------------------------------------


def _sum_of(m: Any, keys: range) -> tuple[int, int, int]:
    return sum(m.get_many(array("q", keys))), m.memory().mapped, m.nbytes


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # of fork: another test's thread may be ending
@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_other_processes_open_the_same_file(method: str, path: Path) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"{method} is not to be had here")
    m = Map(int, int, {i: i * i for i in range(20_000)})
    m.save(path)
    opened = Map.open(path)
    with multiprocessing.get_context(method).Pool(2) as pool:
        for result in pool.starmap(_sum_of, [(opened, range(20_000))] * 4):
            total, mapped, held = result
            assert (total, mapped) == (sum(m.values()), path.stat().st_size)
            assert same_bytes(held, opened.nbytes)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickled_as_its_file(protocol: int, path: Path) -> None:
    m = Map(int, str, {i: str(i) for i in range(10_000)})
    m.save(path)
    for mode in ("r", "c"):
        packed = pickle.dumps(Map.open(path, mode=mode), protocol)
        assert len(packed) < 500
        restored = pickle.loads(packed)
        assert_same(restored, dict(m))
        assert restored.memory().mapped == path.stat().st_size
        if mode == "c":
            restored[1] = "other"
    m[0] = "another"
    m.save(path)
    with pytest.raises(gomap.FileFormatError, match="which holds something else since"):
        pickle.loads(packed)
    path.unlink()
    with pytest.raises(FileNotFoundError, match="a map was pickled as this file, which is gone or on another machine"):
        pickle.loads(packed)


def test_pickled_without_a_copy() -> None:
    m = Map(int, int, {i: i for i in range(20_000)})
    buffers: list[pickle.PickleBuffer] = []
    packed = pickle.dumps(m, 5, buffer_callback=buffers.append)
    assert len(packed) < 200
    assert len(buffers) == 1
    restored = pickle.loads(packed, buffers=buffers)
    assert restored.memory().mapped == m.saved_nbytes
    assert restored.nbytes < 1000
    again: list[pickle.PickleBuffer] = []
    pickle.dumps(restored, 5, buffer_callback=again.append)  # from the same bytes
    assert bytes(again[0]) == bytes(buffers[0])
    restored[-1] = 5
    assert_same(restored, {**dict(m), -1: 5})


def test_what_pickles_may_not_name() -> None:
    packed = Map(int, int, {1: 2}).to_buffer()
    for call in (lambda: gomap._restore_image(dict, packed), lambda: gomap._reopen(dict, "x", "r", "0")):
        with pytest.raises(TypeError, match="expected a class of gomap's, got"):
            call()


# ---- writing files -----------------------------------------------------------------------------------

CALLS = ("open", "fchmod", "lseek", "write", "fsync", "close", "replace")

KILLED_AT = f"""
import os, signal, sys
from gomap import Map
path, nth = sys.argv[1], int(sys.argv[2])
calls = 0
def counted(call):
    def counting(*args, **options):
        global calls
        calls += 1
        if calls == nth:
            if call is os_write:
                call(args[0], args[1][:len(args[1]) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **options)
    return counting
os_write = os.write
m = Map(int, int, {{i: -i for i in range(100_000)}})
for name in {CALLS}:
    setattr(os, name, counted(getattr(os, name)))
m.save(path)
os._exit(0)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is killed so there")
@pytest.mark.parametrize("existed", [True, False])
def test_killed_at_any_call(path: Path, existed: bool) -> None:
    old, new = {1: 2}, {i: -i for i in range(100_000)}
    seen = set()
    for nth in range(1, 50):
        path.unlink(missing_ok=True)
        if existed:
            Map(int, int, old).save(path)
        ended = subprocess.run([sys.executable, "-c", KILLED_AT, str(path), str(nth)], check=False).returncode
        if ended == 0:
            assert dict(Map.open(path, verify=True).items()) == new
            break
        assert ended == -signal.SIGKILL
        if not existed and not path.exists():
            seen.add("none")
            continue
        found = dict(Map.open(path, verify=True).items())
        seen.add("old" if found == old else "new" if found == new else "neither")
    else:
        pytest.fail("it made more calls than there are")
    assert seen == {"old" if existed else "none", "new"}
    Map(int, int, old).save(path)  # what was left beside it is in nobody's way
    assert dict(Map.open(path).items()) == old


@pytest.mark.parametrize("name", CALLS)
def test_any_call_may_fail(name: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    m = Map(int, int, {1: 2})
    m.save(path)
    m[3] = 4
    real = getattr(os, name)
    for nth in range(1, 9):
        left = [nth]

        def failing(*args: Any, left: list[int] = left, **options: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                if name == "close":
                    real(*args)
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(*args, **options)

        with monkeypatch.context() as patched:
            patched.setattr(os, name, failing)
            try:
                m.save(path)
            except OSError as error:
                failed = error.errno
            else:
                break
        assert failed == errno.ENOSPC
        assert dict(Map.open(path, verify=True).items()) in ({1: 2}, {1: 2, 3: 4})
        assert os.listdir(path.parent) == [path.name]
        m[3] = 4  # nothing holds it
    else:
        pytest.fail("it never succeeds")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
def test_a_full_disk(path: Path) -> None:
    code = (
        "import resource, signal, sys; from gomap import Map; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20));"
        "Map(int, int, {i: i for i in range(200_000)}).save(sys.argv[1])"
    )
    Map(int, int, {1: 2}).save(path)
    ended = subprocess.run([sys.executable, "-c", code, str(path)], check=False, capture_output=True, text=True)
    assert "OSError: [Errno 27] File too large" in ended.stderr
    assert_same(Map.open(path), {1: 2})
    assert os.listdir(path.parent) == [path.name]


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    m = Map(int, int, {1: 2})
    missing = tmp_path / "none" / "some.gomap"
    with pytest.raises(FileNotFoundError) as raised:
        m.save(missing)
    assert raised.value.filename == str(missing)
    with pytest.raises(OSError, match="something that cannot be replaced"):
        m.save(tmp_path)
    for name in ("", b""):
        with pytest.raises(OSError, match="^'': expected the name of a file, got an empty one$"):
            m.save(name)
    with pytest.raises(OSError, match="none/': expected the name of a file, got that of a directory$"):
        m.save(f"{tmp_path}/none/")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    if hasattr(os, "geteuid") and os.geteuid() != 0:  # whom nothing stops
        with pytest.raises(PermissionError):
            m.save(closed / "some.gomap")
    assert list(closed.iterdir()) == []
    for refusing in (m.save, Map.open, Map.load, files.info, files.verify):
        with pytest.raises(TypeError, match="expected str, bytes or os.PathLike object, not int"):
            refusing(5)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are others there")
def test_permissions_and_links(path: Path) -> None:
    m = Map(int, int, {1: 2})
    before = os.umask(0o027)
    try:
        m.save(path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640
    path.chmod(0o604)
    m.save(path)
    assert path.stat().st_mode & 0o777 == 0o604
    link = path.with_name("link.gomap")
    link.symlink_to(path)
    m[3] = 4
    m.save(link)
    assert link.is_symlink()
    assert Map.open(path)[3] == 4
    m.save(bytes(path))
    m.save(str(path))


def test_a_reader_of_a_file_that_is_replaced(path: Path) -> None:
    Map(int, int, dict.fromkeys(range(10_000), 1)).save(path)
    first = Map.open(path)
    Map(int, int, dict.fromkeys(range(100), 2)).save(path)
    second = Map.open(path)
    path.unlink()
    assert set(first.values()) == {1}
    assert len(first) == 10_000
    assert first._check() is None
    assert_same(second, dict.fromkeys(range(100), 2))


def test_two_savers_at_once(path: Path) -> None:
    maps = [Map(int, int, dict.fromkeys(range(5000), value)) for value in (1, 2)]
    errors: list[BaseException] = []

    def save(m: Any) -> None:
        try:
            for _ in range(30):
                m.save(path)
                found = Map.open(path, verify=True)
                assert set(found.values()) in ({1}, {2})
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=save, args=(m,)) for m in maps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert os.listdir(path.parent) == [path.name]


def test_nobody_writes_while_it_is_saved(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    m, real, said = Map(int, int, {i: i for i in range(1000)}), os.write, []

    def writing(file: int, piece: Any) -> int:
        with pytest.raises(RuntimeError) as caught:
            m[5000] = 1
        said.append(str(caught.value))
        assert m[5] == 5
        return real(file, piece)

    monkeypatch.setattr(os, "write", writing)
    m.save(path)
    assert set(said) == {"concurrent map read and map write"}
    m[5000] = 1
    assert 5000 not in Map.open(path)


def test_without_memory(path: Path) -> None:
    for pair in (("int", "int"), ("string", "[200]byte")):
        m: Any = Map(*pair)
        for i in range(20):
            m[i if pair[0] == "int" else "key " * i] = i if pair[1] == "int" else bytes(200)
        expected = dict(m)
        m.save(path)
        for attempt in (
            m.to_buffer,
            lambda: Map.open(path),
            lambda: Map.load(path),
            lambda: Map.load(path, reseed=True),
            lambda: GoMap.load(path),
        ):
            for _ in in_turn(attempt):
                assert m._check() is None
        opened = Map.open(path, mode="c")
        for _ in in_turn(lambda opened=opened: opened.reserve(1)):
            assert dict(opened.items()) == expected
            assert opened._check() is None


# ---- what is no saved map ----------------------------------------------------------------------------


def copied(path: Path) -> Any:
    return Map.open(path, copy=True)


def test_other_files(path: Path) -> None:
    image = Map(int, int, {i: i for i in range(1000)}).to_buffer()
    for content, error, words in (
        (b"", files.TruncatedFileError, "expected a saved map, got an empty file"),
        (b"id,count\n1,2\n", files.ForeignFileError, "it does not begin as a saved map does"),
        (image[:8], files.TruncatedFileError, "it ends within its head"),
        (image[:5000], files.TruncatedFileError, f"it has 5000 bytes of {len(image)}"),
        (image[:-1], files.TruncatedFileError, f"it has {len(image) - 1} bytes of {len(image)}"),
        (
            image[:8] + b"\2" + image[9:],
            files.NewerFileError,
            "it is of version 2, and this gomap reads versions up to 1",
        ),
        (image[:8] + b"\0" + image[9:], files.DamagedFileError, "its version is 0"),
        (image[:40] + b"\1" + image[41:], files.DamagedFileError, "its head has another checksum"),
        (image.replace(b"\r\n", b"\n"), files.ForeignFileError, "it does not begin as a saved map does"),
    ):
        path.write_bytes(content)
        for attempt in (Map.open, copied, Map.load, GoMap.load, files.info, files.verify):
            with pytest.raises(gomap.FileFormatError) as caught:
                attempt(path)
            assert type(caught.value) is error
            assert words in str(caught.value)
            assert str(path) in str(caught.value)
        if content:
            with pytest.raises(error):
                Map.from_buffer(content)
    with pytest.raises(FileNotFoundError):
        Map.open(path.with_name("none"))
    with pytest.raises(ValueError, match='expected "r" or "c", got \'w\''):
        Map.open(path, mode="w")


def test_a_flipped_bit_is_found(path: Path) -> None:
    image = bytearray(make("struct-text").to_buffer())
    rng = random.Random(5)
    for _ in range(400):
        at, bit = rng.randrange(len(image)), 1 << rng.randrange(8)
        image[at] ^= bit
        path.write_bytes(image)
        with pytest.raises(gomap.FileFormatError):
            files.verify(path)
        with pytest.raises(gomap.FileFormatError):
            Map.from_buffer(image, verify=True)
        image[at] ^= bit


def read_all(m: Any) -> None:
    """Reads in every way; what is damaged may raise an error of its content, and nothing else."""
    harmless = (ValueError, OverflowError, KeyError, RuntimeError, gomap.FileFormatError)
    for read in (
        lambda: list(m),
        lambda: dict(m.items()),
        lambda: m.to_arrays(),
        lambda: m.to_arrays(arrow=True),
        lambda: m.get_many(list(m), None),
        lambda: m.contains_many(list(m)),
        lambda: m.copy(),
        lambda: m._check(),
        lambda: repr(m),
        lambda: m.stats(),
        lambda: m.to_buffer(),
        lambda: Map(m.key_type, m.value_type, m),
        lambda: Map(m.key_type, m.value_type).update(m),
        lambda: pickle.dumps(m),
        lambda: m == m.copy(),
        lambda: m.most_common(3),
        lambda: m.uniques(),
        lambda: m.decode([0, 1]),
    ):
        with contextlib.suppress(*harmless, TypeError):
            read()


@pytest.mark.parametrize("name", ["many", "records", "text", "struct-text", "times", "bool", "float64", "words"])
@settings(max_examples=60)
@given(data=st.data())
def test_damage_is_never_followed(name: str, data: st.DataObject) -> None:
    image = bytearray(make(name).to_buffer())
    for _ in range(data.draw(st.integers(1, 30))):  # behind the head, whose checksum would show it
        image[data.draw(st.integers(4096, len(image) - 1))] = data.draw(st.integers(0, 255))
    m = Map.from_buffer(image)
    read_all(m)
    with contextlib.suppress(gomap.FileFormatError, KeyError):
        copied = Map.from_buffer(image, mode="c")
        copied.compact()
        read_all(copied)
        for key in list(copied)[::2]:
            del copied[key]
        copied.clear()


READING: dict[str, Any] = {
    "to_arrays": lambda m: m.to_arrays(),
    "arrow": lambda m: m.to_arrays(arrow=True),
    "pickle": lambda m: pickle.dumps(m, 2),
    "uniques": lambda m: m.uniques(),
    "decode": lambda m: m.decode([0]),
}


@each(READING)
@pytest.mark.parametrize("kept", [0, 7])
def test_fewer_entries_than_are_counted(operation: Any, kept: int) -> None:
    image = bytearray(Map(int, "int64", {i: i for i in range(500)}).to_buffer())
    tags = next(each for each in described(image).sections if each.name == "tags")
    image[tags.offset + kept : tags.offset + tags.nbytes] = bytes(tags.nbytes - kept)
    damaged = Map.from_buffer(image)
    assert len(list(damaged)) <= kept
    with pytest.raises(files.DamagedFileError, match="it has fewer entries than it counts"):
        operation(damaged)
    read_all(damaged)


def described(image: Any) -> files.FileInfo:
    return gomap._core.describe_saved(image, "an image")


def test_bytes_that_change_meanwhile() -> None:
    rng = random.Random(3)
    for name in ("many", "text", "records"):
        image = bytearray(make(name).to_buffer())
        view = memoryview(image)
        m = Map.from_buffer(image)
        for _ in range(20):
            for _ in range(200):
                view[rng.randrange(4096, len(image))] = rng.randrange(256)
            read_all(m)


# ---- the format stays ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_files_of_the_first_version(name: str) -> None:
    cls, types, entries = CASES[name]
    path = SAVED / f"{name}.gomap"
    described = files.verify(path)
    assert described.version == 1
    assert described.saved_by == cls.__name__
    assert described.entries == len(entries)
    assert described.nbytes == path.stat().st_size
    if cls is Set:
        assert set(Set.open(path)) == set(Set.load(path)) == entries
        return
    for m in (Map.open(path), Map.load(path), cls.load(path)):
        assert dict(m.items()) == entries
        assert all(m[key] == value for key, value in entries.items())
        assert (m.key_type.name, m.value_type.name) == types


def test_info(path: Path) -> None:
    m = Map(str, int, {"a" * i: i for i in range(50)})
    m.save(path)
    described = files.info(path)
    assert (described.key_type.name, described.value_type.name) == ("string", "int")
    assert (described.entries, described.nbytes, described.saved_by) == (50, path.stat().st_size, "Map")
    assert {section.name for section in described.sections} == {"tags", "slots", "key strings"}
    assert sum(section.items for section in described.sections if section.name == "key strings") == 33
    text = str(described)
    assert "key strings, class" in text
    assert described.checksum in text
    assert files.info(path) == described
    m["b"] = 1
    m.save(path)
    assert files.info(path).checksum != described.checksum

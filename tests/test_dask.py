"""gomap.dask: a map over the workers of a cluster. The reference is one local Map.

One cluster of two processes is for the whole module. The test that kills a worker comes last.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import Examples

import gomap
from gomap import Map, Set, files
from gomap.types import Kind, parse

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
dask = pytest.importorskip("dask")
dd = pytest.importorskip("dask.dataframe")
distributed = pytest.importorskip("distributed")

from gomap.dask import ShardedMap, part_of  # noqa: E402
from gomap.dask.parts import figures, frame_of  # noqa: E402

# Sockets of the cluster's own that are closed later, and the killed worker's.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with (
        dask.config.set({"distributed.worker.profile.enabled": False}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs="CRITICAL"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def frame() -> Any:
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "id": rng.integers(0, 3_000, 10_000),
            "x": rng.random(10_000),
            "n": rng.integers(0, 100, 10_000).astype("i4"),
            "word": [f"word {i}" for i in rng.integers(0, 700, 10_000)],
        }
    )


@pytest.fixture(scope="module")
def ddf(frame: Any) -> Any:
    return dd.from_pandas(frame, npartitions=5)


def local(sharded: ShardedMap) -> Map[Any, Any]:
    made = sharded.to_map()
    assert made._check() is None
    return made


# ---- without a cluster ------------------------------------------------------------------------------------


def test_parts_never_change() -> None:
    """Saved parts rely on these."""
    assert part_of([0, 1, 2, 3], 7, int).tolist() == [3, 4, 2, 5]
    assert part_of(np.arange(4, dtype="u1"), 7, int).tolist() == [3, 4, 2, 5]
    assert part_of(["a", "b", "é", ""], 1000, str).tolist() == [955, 555, 848, 921]
    assert part_of([0.5, -0.0, 0.0], 1000, float).tolist() == [762, 579, 579]
    found = part_of(range(10_000), 8, "uint32")
    assert found.dtype == np.int64
    assert np.bincount(found).min() > 1_100


def test_parts_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="parts: expected 1 to 1,048,576, got 0"):
        part_of([1], 0, int)
    with pytest.raises(TypeError, match="parts: expected an int, got 1.5"):
        part_of([1], 1.5, int)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"keys\[1\]: expected int for type int, got str 'a'"):
        part_of([1, "a"], 2, int)
    with pytest.raises(TypeError, match="keys: any has no hash that is the same in every process"):
        part_of([1], 2, object)


def test_tokens() -> None:
    forward = Map(int, str, {i: str(i) for i in range(1000)})
    backward = Map(int, str, {i: str(i) for i in reversed(range(1000))})
    token = dask.base.tokenize(forward)
    assert dask.base.tokenize(backward) == dask.base.tokenize(forward.copy()) == token
    assert dask.base.tokenize(pickle.loads(pickle.dumps(forward))) == token
    backward[7] = "8"
    assert dask.base.tokenize(backward) != token
    others = [Map("int32", str, forward), Map(int, str), Set(int, [1]), Set(int, [2]), Map(int, None, {1: None})]
    assert len({dask.base.tokenize(each) for each in others}) == len(others)
    swapped = Map(int, int, {1: 2, 2: 1}), Map(int, int, {1: 1, 2: 2})
    assert dask.base.tokenize(swapped[0]) != dask.base.tokenize(swapped[1])
    objects = Map(str, object, {"a": [1]})
    assert dask.base.tokenize(objects) == dask.base.tokenize(Map(str, object, {"a": [1]}))


def test_data_frames_of_every_type(key_type: str, examples: Examples) -> None:
    """An empty map's frame, which Dask is told of, has the columns and types of a full one's."""
    if "any" in key_type:
        pytest.skip("objects are refused")
    type = parse(key_type)
    names: Any = "key" if type.kind is not Kind.STRUCT else [field.name for field in type.fields]
    value_names: Any = "value" if isinstance(names, str) else [f"{name} too" for name in names]
    keys = [key for key in examples(key_type, 20) if key == key and "\\ud" not in repr(key)]
    m: Map[Any, Any] = Map(key_type, key_type, {key: key for key in keys})
    empty, full = (frame_of(each, (names, value_names)) for each in (Map(key_type, key_type), m))
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()
    assert len(full) == len(m)
    if not isinstance(names, str):
        pd.testing.assert_series_equal(full[names[0]], full[value_names[0]], check_names=False)
        return
    if type.kind is Kind.STRING:
        with pytest.raises(ValueError, match="to_dask: expected text without lone surrogates, as pandas has it, got '"):
            frame_of(Map(str, str, {"\ud800": ""}), (names, value_names))
    rows = full["key"].tolist()
    assert rows == full["value"].tolist()
    if type.kind not in (Kind.DATE, Kind.FLOAT32):  # which come back as other classes
        assert sorted(rows) == sorted(m)


def test_what_dask_is_told_of_a_map_over_bytes(tmp_path: Path) -> None:
    m = Map.from_arrays(np.arange(10_000), np.arange(10_000))
    m.save(tmp_path / "a.gomap")
    (tmp_path / "b.gomap").write_bytes((tmp_path / "a.gomap").read_bytes())
    one, two = (Map.open(tmp_path / name) for name in ("a.gomap", "b.gomap"))
    assert dask.base.tokenize(one) == dask.base.tokenize(two)
    assert dask.sizeof.sizeof(one) == one.nbytes < 1000
    received = Map.from_buffer(m.to_buffer())
    assert dask.base.tokenize(received) == dask.base.tokenize(m)
    assert dask.sizeof.sizeof(received) > 160_000
    assert dask.sizeof.sizeof(m) == m.nbytes


def test_without_a_client() -> None:
    with pytest.raises(RuntimeError, match="expected a client of a Dask cluster, found none; make one first"):
        ShardedMap.from_arrays([1], [1], key=int, value=int)
    with pytest.raises(TypeError, match="client: expected a dask.distributed.Client, got str"):
        ShardedMap.from_arrays([1], [1], key=int, value=int, client="tcp://here")
    with pytest.raises(TypeError, match="a ShardedMap is made by from_dask, from_arrays, counts or open"):
        ShardedMap()


def test_without_dask() -> None:
    program = """
import sys
sys.modules.update(dict.fromkeys(["dask", "distributed"]))
import gomap.dask
print(gomap.dask.part_of([1], 7, int))
gomap.dask.ShardedMap.from_arrays([1], [1], key=int, value=int)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "[4]\n"
    assert done.stderr.splitlines()[-1] == (
        "ImportError: gomap.dask takes distributed, which is not installed: pip install 'gomap[dask]'"
    )


# ---- building and looking up --------------------------------------------------------------------------------


def test_from_dask(client: Any, frame: Any, ddf: Any) -> None:
    sharded = ShardedMap.from_dask(ddf, key="id", value="x", parts=3)
    reference = Map.from_arrays(frame["id"], frame["x"])  # of one key twice, the last
    assert sharded.parts == 3
    assert len(sharded) == len(reference)
    assert (sharded.key_type, sharded.value_type) == (reference.key_type, reference.value_type)
    assert local(sharded) == reference
    assert repr(sharded) == "<ShardedMap of 3 parts: map[int64]float64>"
    for number, future in enumerate(sharded.futures):
        keys, _ = future.result().to_arrays()
        assert set(part_of(keys, 3, "int64").tolist()) == {number}
    held = sharded.memory()
    assert set(held) == set(client.nthreads())
    assert sum(each.entries for each in held.values()) == len(reference)
    assert sum(each.nbytes for each in held.values()) == sharded.nbytes > 16 * len(reference)


@pytest.mark.parametrize("how", ["first", "last", "add", "max", "min"])
def test_values_of_one_key(client: Any, frame: Any, ddf: Any, how: Any) -> None:
    sharded = ShardedMap.from_dask(ddf, key="id", value="n", how=how, parts=2)
    wanted = getattr(frame.groupby("id")["n"], {"add": "sum"}.get(how, how))()
    assert dict(local(sharded)) == wanted.to_dict()


def test_many_partitions_are_merged_by_a_tree(client: Any, frame: Any) -> None:
    several = dd.from_pandas(frame, npartitions=40)
    assert local(ShardedMap.from_dask(several, key="id", value="x")) == Map.from_arrays(frame["id"], frame["x"])


def test_structs_of_columns(client: Any, frame: Any, ddf: Any) -> None:
    sharded = ShardedMap.from_dask(ddf, key="word", value=["id", "x"])
    reference = Map.from_arrays(frame["word"], frame[["id", "x"]])
    assert local(sharded) == reference
    words = frame["word"].unique()[:50]
    assert (sharded.get_many(words) == reference.get_many(words)).all()
    back = sharded.to_dask().compute().sort_values("word").reset_index(drop=True)
    last = frame.drop_duplicates("word", keep="last").sort_values("word").reset_index(drop=True)
    pd.testing.assert_frame_equal(back, last[["word", "id", "x"]], check_dtype=False)  # pandas 2: text as objects
    both = ShardedMap.from_dask(ddf, key=["id", "word"], value="x", parts=2)
    assert local(both) == Map.from_arrays(frame[["id", "word"]], frame["x"])


@pytest.mark.parametrize(
    ("key", "value"),
    [("int", "int32"), ("string", "string"), ("float64", "struct{a int; b string}"), ("[4]byte", "float32")],
)
def test_looking_up_is_as_in_one_map(client: Any, key: str, value: str) -> None:
    made: Any = {
        "int": list(range(300)),
        "string": [f"k{i}" for i in range(300)],
        "float64": [i / 2 for i in range(300)],
        "[4]byte": [b"%04d" % i for i in range(300)],
    }
    values: Any = {"int32": int, "float32": float, "string": str}.get(value, lambda i: (i, str(i)))
    keys, others = made[key][:200], made[key][150:]
    entries = [values(i) for i in range(200)]
    sharded = ShardedMap.from_arrays(keys, entries, key=key, value=value, parts=3)
    reference: Map[Any, Any] = Map.from_arrays(keys, entries, key=key, value=value)
    assert local(sharded) == reference
    for asked in (keys, keys[::-7], [], others[:1]):
        found, wanted = sharded.get_many(asked), reference.get_many(asked)
        assert type(found) is type(wanted)
        assert getattr(found, "dtype", None) == getattr(wanted, "dtype", None)
        assert list(found) == list(wanted)
    default = values(7)
    assert list(sharded.get_many(others, default)) == list(reference.get_many(others, default))
    found = sharded.contains_many(others)
    assert found.dtype == bool
    assert found.tolist() == reference.contains_many(others).tolist()
    for missing in (others, [*keys, others[-1]]):
        errors = []
        for m in (sharded, reference):
            with pytest.raises(KeyError) as caught:
                m.get_many(missing)  # type: ignore[attr-defined]
            errors.append(caught.value.args)
        assert errors[0] == errors[1]


def test_columns_of_keys_in_every_form(client: Any) -> None:
    sharded = ShardedMap.from_arrays(np.arange(100), np.arange(100) * 2, parts=3)
    wanted = [6, 0, 198]
    for keys in (np.array([3, 0, 99], "u1"), iter([3, 0, 99]), pd.Series([3, 0, 99], index=[9, 9, 9]), (3, 0, 99)):
        assert sharded.get_many(keys).tolist() == wanted
    assert sharded.get_many([3, 2**70, 99], -1).tolist() == [6, -1, 198]
    assert sharded.get_many(pd.Series([3, None, 99], dtype="Int64"), -1).tolist() == [6, -1, 198]
    pa = pytest.importorskip("pyarrow")
    assert sharded.get_many(pa.chunked_array([[3], [0, 99]])).tolist() == wanted
    with pytest.raises(TypeError, match="keys"):
        sharded.get_many(["a"])
    with pytest.raises(TypeError, match="value: expected int for type int64, got str 'a'"):
        sharded.get_many([1], "a")
    with pytest.raises(TypeError, match="keys: expected keys in this process, got dask's Series"):
        sharded.get_many(dd.from_pandas(pd.Series([1]), npartitions=1))


def test_parts_stay_where_they_are(client: Any) -> None:
    """Dask takes many small tasks of few inputs for the beginning of a computation, and spreads them."""
    sharded = ShardedMap.from_arrays(np.arange(1000), np.arange(1000), parts=2)
    before = client.who_has(sharded.futures)
    kept = [sharded._called([(figures,), (figures,)]) for _ in range(10)]
    assert sum(client.gather(each)[0][0] for each in kept) == 10 * len(sharded.futures[0].result())
    assert client.who_has(sharded.futures) == before
    assert {len(each) for each in before.values()} == {1}
    assert len({tuple(each) for each in before.values()}) == 2


def test_no_entries_at_all(client: Any, ddf: Any) -> None:
    sharded = ShardedMap.from_dask(ddf[ddf["id"] < 0], key="id", value=["word", "x"], parts=2)
    assert len(sharded) == 0
    assert sharded.contains_many([1, 2]).tolist() == [False, False]
    assert sharded.to_dask().compute().columns.tolist() == ["id", "word", "x"]
    some = ShardedMap.from_dask(ddf[ddf["id"] < 3], key="id", value="x", parts=5)  # of some partitions and parts
    assert set(local(some)) <= {0, 1, 2}


def test_names_that_come_twice(client: Any) -> None:
    counted = ShardedMap.counts(dd.from_pandas(pd.Series([5, 5, 6], name="count"), npartitions=1))
    assert counted.to_dask().compute().sort_values("count").to_numpy().tolist() == [[5, 2], [6, 1]]
    structs = np.array([(1, 2)], [("a", "i4"), ("b", "i4")])
    assert ShardedMap.from_arrays(structs, structs).to_dask().columns.tolist() == ["a", "b", "a_value", "b_value"]
    with pytest.raises(TypeError, match="a ShardedMap stays with its client and cannot be pickled"):
        pickle.dumps(counted)


def test_keys_alone(client: Any) -> None:
    sharded = ShardedMap.from_arrays(["a", "b", "a"], None, key=str, value=None, parts=2)
    assert local(sharded) == Map(str, None, {"a": None, "b": None})
    assert sharded.get_many(["b"]) == [None]
    assert sorted(sharded.to_dask().compute()["key"]) == ["a", "b"]
    assert local(sharded.repartition(3)) == local(sharded)


# ---- counting -----------------------------------------------------------------------------------------------


def test_counting(client: Any, frame: Any, ddf: Any) -> None:
    model = Counter(frame["word"])
    sharded = ShardedMap.counts(ddf["word"], parts=3)
    assert dict(local(sharded)) == model
    before = sharded.futures
    sharded.add_many(["word 1", "new", "word 1"])
    model.update(["word 1", "new", "word 1"])
    sharded.add_many(ddf["word"])
    model.update(frame["word"])
    sharded.add_many(np.array(["new", "word 2"]), [10, 5])
    model.update({"new": 10, "word 2": 5})
    assert dict(local(sharded)) == model
    assert sum(sum(future.result().values()) for future in before) == len(frame)  # the old parts are as they were
    added = ShardedMap.from_dask(ddf, key="word", how="add", parts=2)
    assert added.to_dask().columns.tolist() == ["word", "count"]
    sharded.merge(added, "add")
    model.update(frame["word"])
    assert dict(local(sharded)) == model


def test_an_error_changes_no_part(client: Any) -> None:
    sharded = ShardedMap.from_arrays(range(20), [100] * 20, key=int, value="uint8", parts=3)
    for keys, by, error, words in [
        (range(20), [1] * 19 + [200], OverflowError, "is out of range for uint8"),
        ([1, 2], [1], ValueError, "values: expected 2, one for each key, got 1"),
        ([*range(10), "a"], 1, TypeError, r"keys\[10\]: expected int for type int, got str 'a'"),
        (range(10), [1] * 9 + ["a"], TypeError, r"\[9\]: expected int for type uint8, got str 'a'"),
        ([1, None], 1, TypeError, "keys"),
    ]:
        with pytest.raises(error, match=words):
            sharded.add_many(keys, by)
        assert dict(local(sharded)) == dict.fromkeys(range(20), 100)
    sharded.add_many([1, None], 1, nulls="skip")
    assert local(sharded)[1] == 101
    words = ShardedMap.from_arrays(["a"], ["b"], key=str, value=str, parts=1)
    with pytest.raises(TypeError, match="string"):
        words.add_many(["a"])
    with pytest.raises(TypeError, match="merge: expected a ShardedMap of string and string, got one of int and uint8"):
        words.merge(sharded)
    with pytest.raises(TypeError, match="merge: expected a ShardedMap, got gomap's Map"):
        words.merge(Map(str, str))  # type: ignore[arg-type]


def test_nulls(client: Any) -> None:
    frame = pd.DataFrame({"key": pd.array(["a", None, "b", "a"], "string"), "value": [1.0, 2.0, 3.0, 4.0]})
    ddf = dd.from_pandas(frame, npartitions=1)
    with pytest.raises(ValueError, match=r"keys\[1\]: expected string, got null"):
        ShardedMap.from_dask(ddf, key="key", value="value")
    assert dict(local(ShardedMap.from_dask(ddf, key="key", value="value", nulls="skip"))) == {"a": 4.0, "b": 3.0}
    assert dict(local(ShardedMap.counts(ddf["key"], nulls="skip"))) == {"a": 2, "b": 1}


def test_another_number_of_parts(client: Any) -> None:
    sharded = ShardedMap.from_arrays(range(1000), map(str, range(1000)), key=int, value=str, parts=2)
    again = sharded.repartition(5)
    assert (sharded.parts, again.parts) == (2, 5)
    assert local(again) == local(sharded)
    assert again.get_many([999, 0]) == ["999", "0"]


# ---- what is refused ------------------------------------------------------------------------------------------


def test_arguments_of_from_dask(client: Any, frame: Any, ddf: Any) -> None:
    with pytest.raises(TypeError, match=r"ddf: expected a dask DataFrame, got pandas's DataFrame; .*from_pandas"):
        ShardedMap.from_dask(frame, key="id", value="x")
    with pytest.raises(TypeError, match="ddf: expected a dask DataFrame, got dask's Series"):
        ShardedMap.from_dask(ddf["id"], key="id", value="x")
    with pytest.raises(KeyError, match="key: there is no column 'ids': there are id, x, n, word"):
        ShardedMap.from_dask(ddf, key="ids", value="x")
    with pytest.raises(TypeError, match="value: expected the name of a column, or a list of names, got 3"):
        ShardedMap.from_dask(ddf, key="id", value=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match='value: expected the name of a column, got None; with how="add", None counts'):
        ShardedMap.from_dask(ddf, key="id")
    with pytest.raises(ValueError, match="how: expected 'last', 'first', 'add', 'max' or 'min', got 'sum'"):
        ShardedMap.from_dask(ddf, key="id", value="x", how="sum")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="number"):
        ShardedMap.from_dask(ddf, key="id", value="word", how="add")
    with pytest.raises(TypeError, match="key: expected a type other than object, got any"):
        ShardedMap.from_dask(ddf, key="id", value="x", key_type=object)
    with pytest.raises(OverflowError, match="is out of range for uint8"):  # a worker's error
        ShardedMap.from_dask(ddf, key="id", value="x", key_type="uint8")
    with dask.config.set({"dataframe.convert-string": False}):
        objects = dd.from_pandas(pd.DataFrame({"a": [(1,)], "b": [1]}), npartitions=1)
    with pytest.raises(TypeError, match="keys: .*; give the type: key_type=str"):
        ShardedMap.from_dask(objects, key="a", value="b")
    with pytest.raises(TypeError, match="keys: expected a dask Series, got dask's DataFrame"):
        ShardedMap.counts(ddf)


def test_arguments_of_from_arrays(client: Any, ddf: Any) -> None:
    with pytest.raises(TypeError, match="keys: expected an array in this process, got dask's Series; use ShardedMap"):
        ShardedMap.from_arrays(ddf["id"], ddf["x"])
    with pytest.raises(ValueError, match="values: expected 3, one for each key, got 2"):
        ShardedMap.from_arrays([1, 2, 3], [1, 2], key=int, value=int)
    with pytest.raises(TypeError, match="value: expected a type other than object, got any"):
        ShardedMap.from_arrays([1], [1], key=int, value=object)
    keys, values = list(range(100)), [*range(99), "a"]
    with pytest.raises(TypeError, match=r"values\[99\]: expected int for type int, got str 'a'"):
        ShardedMap.from_arrays(keys, values, key=int, value=int, parts=7)


# ---- saving -----------------------------------------------------------------------------------------------------


def test_saving_and_opening(client: Any, frame: Any, ddf: Any, tmp_path: Path) -> None:
    place = tmp_path / "words"
    sharded = ShardedMap.counts(ddf["word"], parts=3)
    reference = local(sharded)
    sharded.save(place)
    first = sorted(each.name for each in place.iterdir())
    assert len(first) == 4
    opened = ShardedMap.open(place)
    assert local(opened) == reference
    assert opened.get_many(["word 7"]).tolist() == [reference["word 7"]]
    assert all(each.mapped > 0 and each.nbytes < 2000 for each in opened.memory().values())
    opened.add_many(["word 7"])  # in memory; the files stay
    assert opened.get_many(["word 7"]).tolist() == [reference["word 7"] + 1]
    assert local(ShardedMap.open(place)) == reference
    opened.save(place)
    assert len(set(first) & {each.name for each in place.iterdir()}) == 1  # the manifest, which is another
    reference["word 7"] += 1
    assert local(ShardedMap.open(str(place))) == reference
    assert ShardedMap.open(place).to_dask().columns.tolist() == ["word", "count"]


def test_directories_that_cannot_be_opened(client: Any, tmp_path: Path) -> None:
    place = tmp_path / "map"
    with pytest.raises(FileNotFoundError):
        ShardedMap.open(place)
    place.mkdir()
    with pytest.raises(files.ForeignFileError, match="expected a directory that ShardedMap.save has written"):
        ShardedMap.open(place)
    ShardedMap.from_arrays(range(9), range(9), key=int, value=int, parts=2).save(place)
    manifest = place / "gomap-parts.json"
    text = manifest.read_text()
    for change, error, words in [
        ({"format": "other"}, files.ForeignFileError, "got something else"),
        ({"version": 2}, files.NewerFileError, "version 2, and this gomap reads versions up to 1"),
        ({"parts": []}, files.DamagedFileError, "no parts"),
        ({"key": "in t"}, files.DamagedFileError, "the manifest is damaged"),
        ({"names": [3]}, files.DamagedFileError, "the manifest is damaged"),
    ]:
        manifest.write_text(json.dumps({**json.loads(text), **change}))
        with pytest.raises(error, match=words):
            ShardedMap.open(place)
    outside = json.loads(text)
    outside["parts"][0]["file"] = "../part.gomap"
    manifest.write_text(json.dumps(outside))
    with pytest.raises(files.DamagedFileError, match="is no file's name"):
        ShardedMap.open(place)
    manifest.write_text("{")
    with pytest.raises(files.DamagedFileError, match="got no JSON"):
        ShardedMap.open(place)
    manifest.write_text(text)
    one, two = (place / each["file"] for each in json.loads(text)["parts"])
    kept = two.read_bytes()
    two.write_bytes(one.read_bytes())
    with pytest.raises(gomap.FileFormatError, match="part 1"):
        ShardedMap.open(place)
    two.write_bytes(kept[:-1])
    with pytest.raises(gomap.FileFormatError, match="part 1: expected .* bytes, got"):
        ShardedMap.open(place)
    two.unlink()
    with pytest.raises(FileNotFoundError, match="part 1 is missing here: all workers and this process have to share"):
        ShardedMap.open(place)


def test_saving_that_fails_keeps_what_is_there(client: Any, tmp_path: Path) -> None:
    place = tmp_path / "map"
    ShardedMap.from_arrays([1, 2], [1, 2], key=int, value=int, parts=2).save(place)
    before = {each.name: each.read_bytes() for each in place.iterdir()}
    lost = ShardedMap.from_arrays([3, 4], [3, 4], key=int, value=int, parts=2)
    lost._futures[1] = client.submit(int, "no map", pure=False)  # fails before the other part is written
    with pytest.raises(ValueError, match="no map"):
        lost.save(place)
    assert {each.name: each.read_bytes() for each in place.iterdir()} == before


# ---- maps that are sent -----------------------------------------------------------------------------------------


def seen(m: Map[int, int]) -> tuple[int, int, int, int]:
    report = m.memory()
    return len(m), m[7], report.mapped, report.total


def test_a_map_is_scattered_without_a_copy(client: Any) -> None:
    m = Map.from_arrays(np.arange(200_000), np.arange(200_000) * 3)
    future = client.scatter(m, broadcast=True)
    for worker in client.nthreads():
        entries, value, mapped, private = client.submit(seen, future, workers=[worker], pure=False).result()
        assert (entries, value) == (200_000, 21)
        assert mapped > 16 * 200_000
        assert private < 1000
    assert client.gather(future) == m


@pytest.mark.long
def test_ray_gives_a_map_without_a_copy() -> None:
    pytest.importorskip("ray")
    program = """
import ray
from gomap import Map
ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, configure_logging=False)
m = Map.from_arrays(memoryview(bytearray(800_000)).cast("q"), 1, value=int)
m.update((i, i * 3) for i in range(100_000))
here = ray.get(ray.put(m))
print(here == m, here.memory().mapped > 1_600_000, here.memory().total < 1000)
there = ray.get(ray.remote(lambda m: (m[7], m.memory().mapped, m.memory().total)).remote(ray.put(m)))
print(there[0], there[1] > 1_600_000, there[2] < 1000)
here[7] = 1
print(here[7], m[7], here.memory().mapped)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["True True True", "21 True True", "1 21 0"], done.stderr


# ---- a worker that dies ------------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_parts_of_a_killed_worker_are_built_again(client: Any, frame: Any, ddf: Any, tmp_path: Path) -> None:
    built = ShardedMap.from_dask(ddf, key="id", value="x", parts=4)
    sent = ShardedMap.from_arrays(frame["id"], frame["x"], parts=4)
    counted = ShardedMap.counts(ddf["word"], parts=4)
    counted.add_many(frame["word"], 2)
    counted.add_many(ddf["word"])
    counted.save(tmp_path)
    opened = ShardedMap.open(tmp_path)
    maps = (built, sent, counted, opened)
    by_worker = [each.memory() for each in maps]
    victim = max(client.nthreads(), key=lambda worker: min(worker in each for each in by_worker))
    assert all(victim in each for each in by_worker)
    os.kill(client.run(os.getpid, workers=[victim])[victim], signal.SIGKILL)

    words = frame["word"].unique()
    model = Counter(frame["word"])
    assert counted.get_many(words).tolist() == [4 * model[word] for word in words]
    assert dict(local(counted)) == dict(local(opened)) == {word: 4 * count for word, count in model.items()}
    reference = Map.from_arrays(frame["id"], frame["x"])
    assert local(built) == local(sent) == reference
    assert victim not in built.memory()

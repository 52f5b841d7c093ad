"""What compare measures is what is there; entries arrive as they are; every view shows the figures."""

from __future__ import annotations

import csv
import html.parser
import importlib.util
import io
import json
import os
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
from support import INT, entries_of, same_bytes

import gomap
from gomap import GoMap, Map, Set, SwissMap, compare, sizeof
from gomap._cli import main
from gomap.measure import RunError, ScenarioError
from gomap.measure.comparison import Comparison, Held, Measured, check_peer
from gomap.measure.entries import PIECE, Stored, write
from gomap.measure.numbers import Numbers
from gomap.types import parse

HAS_NUMPY = importlib.util.find_spec("numpy") is not None
HAS_PYARROW = importlib.util.find_spec("pyarrow") is not None


@pytest.fixture(scope="module")
def small() -> Comparison:
    return compare(key=int, value="[128]byte", n=3000)


@pytest.fixture(scope="module")
def sets() -> Comparison:
    return compare({f"key {i}" for i in range(3000)})


def entries(key: str, value: str | None, n: int) -> dict[Any, Any]:
    return dict(entry for piece in Numbers(key, value, n).pieces() for entry in piece)


# ---- figures ----------------------------------------------------------------------------------------


def test_counts_are_those_of_the_maps(small: Comparison) -> None:
    d = entries("int", "[128]byte", 3000)
    assert [m.name for m in small.subjects] == ["dict", "Map", "GoMap", "SwissMap"]
    assert [(m.key, m.value) for m in small.subjects] == [("int", "bytes"), *[("int", "[128]byte")] * 3]
    plain, elastic, go, swiss = small.subjects
    assert plain.full.counted == sizeof(d)
    m, g = Map(int, "[128]byte"), GoMap(int, "[128]byte")
    for key in d:
        m[key] = g[key] = d[key]
    assert same_bytes(elastic.full.counted, m.nbytes)
    assert elastic.peak.counted == pytest.approx(m.memory().peak, rel=0.01)
    assert go.full.counted == pytest.approx(g.nbytes, rel=0.05)  # overflow buckets depend on the seed
    assert go.removed.counted == go.full.counted
    assert go.peak.counted > go.full.counted
    assert swiss.full.counted == pytest.approx(SwissMap(int, "[128]byte", d).nbytes, rel=0.05)
    assert swiss.removed.counted == swiss.full.counted < swiss.peak.counted
    for key in d:
        del m[key]
    assert same_bytes(elastic.removed.counted, m.nbytes)
    for key in list(d):
        del d[key]
    assert plain.removed.counted == sizeof(d)
    assert plain.peak.counted >= plain.full.counted


def test_times_and_courses(small: Comparison) -> None:
    for m in small.subjects:
        assert min(m.add_ns, m.find_ns, m.absent_ns, m.remove_ns) > 0
        if m.full.resident is not None:
            counts = [count for count, _ in m.course]
            top = counts.index(3000)
            assert counts[0] == counts[-1] == 0
            assert counts[: top + 1] == sorted(counts[: top + 1])
            assert counts[top + 1 :] == sorted(counts[top + 1 :], reverse=True)


def test_sets(sets: Comparison) -> None:
    assert (sets.key, sets.value, sets.source) == ("string", None, "set")
    assert [m.name for m in sets.subjects] == ["set", "Set"]
    plain, ours = sets.subjects
    s = {f"key {i}" for i in range(3000)}
    assert plain.full.counted == sizeof(s)
    one_by_one = Set(str)
    for key in s:
        one_by_one.add(key)
    assert ours.full.counted == pytest.approx(one_by_one.nbytes, rel=0.02)
    assert ours.full.counted < plain.full.counted
    assert ours.removed.counted < 1000
    assert ours.absent_ns is None


def test_dict_that_lives() -> None:
    d = {f"user {i}": i for i in range(2500)}
    found = compare(d)
    assert (found.key, found.source, found.entries) == ("string", "dict", 2500)
    assert found.subjects[0].full.counted == sizeof(d) - sum(0 for _ in d)
    assert [m.absent_ns for m in found.subjects] == [None] * 4


def test_types_given_are_taken() -> None:
    found = compare({1: 2, 3: 4}, key="int64", value="float32")
    assert (found.key, found.value) == ("int64", "float32")
    assert compare("map[uint16]bool", n=300).subjects[1].value == "bool"


def test_tuples_become_structs() -> None:
    found = compare({i: (i, i / 2) for i in range(1500)})
    assert found.value is not None
    assert found.value.startswith("struct{")
    assert found.subjects[1].full.counted < found.subjects[0].full.counted


def test_resident_memory_is_what_was_counted() -> None:
    found = compare("map[int][128]byte", n=200_000)
    for m in found.subjects:
        if m.full.resident is None:
            pytest.skip("the system does not say what a process holds")
        assert m.full.counted == pytest.approx(m.full.resident, rel=0.1)


# ---- peers ------------------------------------------------------------------------------------------


class Forgetful(dict[Any, Any]):
    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value + 1 if key == max(value, 0) else 0)


def peer_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "odd_maps.py").write_text(
        "class Wrong(dict):\n"
        "    def __getitem__(self, key):\n"
        "        return -1\n"
        "class Losing(dict):\n"
        "    def __setitem__(self, key, value):\n"
        "        if len(self) < 10: super().__setitem__(key, value)\n"
        "class Raising(dict):\n"
        "    def __setitem__(self, key, value):\n"
        "        raise TypeError('expected something else')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)


def test_any_map_can_be_a_peer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    peer_directory(tmp_path, monkeypatch)
    odd = [f"odd_maps:{name}" for name in ("Wrong", "Losing", "Raising", "Absent")]
    found = compare(key=int, value=int, n=1000, peers=["collections:OrderedDict", *odd, "no_such_module:x"])
    assert [m.name for m in found.subjects] == ["dict", "Map", "GoMap", "SwissMap", "collections:OrderedDict"]
    peer = found.subjects[4]
    assert peer.full.counted is None
    assert peer.find_ns > 0
    reasons = dict(found.left_out)
    assert list(reasons) == [*odd, "no_such_module:x"]
    assert "got -1" in reasons[odd[0]]
    assert "1,000 entries were added, but 10 are there" in reasons[odd[1]]
    assert reasons[odd[2]] == "TypeError: expected something else"
    assert "expected a callable 'Absent' in module 'odd_maps', found none" in reasons[odd[3]]
    assert "pip install no_such_module" in reasons["no_such_module:x"]
    assert all(name in str(found) for name in reasons)


def test_peers_that_hold_other_types_are_left_out() -> None:
    found = compare(key=str, value=int, n=100, peers=["preshed", "cykhash"])
    for name, why in found.left_out:
        assert name in ("preshed", "cykhash")
        assert "not string" in why or "not installed" in why
    assert len(found.left_out) == 2


def test_unknown_peer() -> None:
    with pytest.raises(ValueError, match="peers: expected names from borghash.* got 'abseil'"):
        compare(n=10, peers=["abseil"])
    check_peer("any.module:thing")


# ---- entries on their way ---------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["uint8", "int16", "int32", "int", "uint", "float32", "float", "[3]byte", "[20]byte"])
def test_numbers_are_distinct_and_fit(key: str) -> None:
    n = min(250, 3 * PIECE)
    numbers = Numbers(key, "int", n)
    m = Map(key, int, (entry for piece in numbers.pieces() for entry in piece))
    assert len(m) == n
    looked_up = [key for piece in numbers.shuffled_keys() for key in piece]
    assert sorted(looked_up) == sorted(m)
    assert looked_up != list(entries(key, "int", n))
    absent = numbers.absent()
    if absent is not None:
        others = [key for piece in absent for key in piece]
        assert len(set(others)) == n
        assert not any(other in m for other in others)
    assert (absent is None) == (key == "uint8")


def test_stored_entries_come_as_they_are(tmp_path: Path) -> None:
    d: dict[Any, Any] = {i: (i, str(i)) for i in range(3 * PIECE + 5)}
    write(tmp_path / "entries", d)
    stored = Stored(str(tmp_path / "entries"))
    assert stored.count == len(d)
    assert [entry for piece in stored.pieces() for entry in piece] == list(d.items())
    keys = [key for piece in stored.shuffled_keys() for key in piece]
    assert sorted(keys) == list(d)
    assert keys != list(d)
    assert stored.absent() is None


def test_shared_values_stay_shared(tmp_path: Path) -> None:
    values = ["".join(["a"] * 50), "".join(["b"] * 60)]  # which the program itself does not hold
    d = {i: values[i % 2] for i in range(3 * PIECE)}
    write(tmp_path / "entries", d)
    back = [value for piece in Stored(str(tmp_path / "entries")).pieces() for _, value in piece]
    assert back == list(d.values())
    assert len(set(map(id, back))) == 2
    assert compare(d).subjects[0].full.counted == sizeof(d)


def test_objects_that_are_shared_otherwise() -> None:
    d = {i: i for i in range(10**9, 10**9 + 500)}  # keys and values are the same objects
    found = compare(d)
    assert found.subjects[0].full.counted == sizeof(d) + 500 * INT
    assert found.remarks[-1].startswith("the dict itself holds ")
    assert found.remarks[-1] in " ".join(str(found).split())
    assert not any("itself" in remark for remark in compare({i: -i for i in d}).remarks)
    many = {i: -i for i in range(10**9, 10**9 + 5000)}
    for key in list(many)[100:]:
        del many[key]
    assert compare(many).remarks[-1].endswith("it has held more entries")


def test_objects_are_counted_in_every_map() -> None:
    d = {(i, "a"): [i] for i in range(10**9, 10**9 + 1000)}
    found = compare(d, key=object, value=object)
    of_1000 = sizeof((None,) * 1000)
    keys, values = sizeof(tuple(d)) - of_1000, sizeof(tuple(d.values())) - of_1000
    plain, elastic, *go = (m.full.counted for m in found.subjects)
    assert plain is not None
    assert elastic is not None
    assert all(keys + values < (each or 0) for each in (elastic, plain, *go))
    assert (found.subjects[1].removed.counted or 1000) < 1000
    ours = compare(set(d), key=object).subjects[1]
    assert ours.full.counted == pytest.approx(Set(object, d).nbytes + keys, rel=0.1)


class Mine:
    """Which the other process looks for in a module of its own."""


def test_what_another_process_cannot_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mine, "__module__", "__main__")
    monkeypatch.setattr(sys.modules["__main__"], "Mine", Mine, raising=False)
    with pytest.raises(RunError, match="where their classes must be found in modules: AttributeError"):
        compare({1: Mine()})


def test_what_cannot_be_pickled() -> None:
    with pytest.raises(RunError, match="cannot be taken to another process"):
        compare({1: lambda: None})


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"source": {}}, ValueError, "expected a dict with entries, got an empty one"),
        ({"source": [1]}, TypeError, "expected a dict or a set, got list"),
        ({"n": 0}, ValueError, "n: expected at least 1 entry, got 0"),
        ({"source": "map[int]int", "key": int}, TypeError, "expected either"),
        ({"key": "uint8", "n": 300}, ScenarioError, "at most 256 entries"),
        ({"key": "*int"}, ValueError, "a key cannot be a pointer"),
        (
            {"source": "entries.xls"},
            ValueError,
            "expected a file ending in .csv, .csv.gz, .tsv",
        ),
        ({"source": "no-such.csv"}, OSError, "no-such.csv"),
    ],
)
def test_arguments_that_make_no_sense(arguments: dict[str, Any], error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        compare(**arguments)


# ---- samples ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id,name\n1,spam\n2,eggs\n", {1: "spam", 2: "eggs"}),
        ("1,2\n3,4\n", {1: 2, 3: 4}),
        ("id;x;y\n1;0.5;2\n2;1.5;3\n", {1: (0.5, 2), 2: (1.5, 3)}),
        ("word\tcount\nspam\t1\neggs\t2\n", {"spam": 1, "eggs": 2}),
        ("1\n2\n3\n", {1, 2, 3}),
        ("id,zip\n1,00701\n2,10001\n", {1: "00701", 2: "10001"}),  # no numbers: they would lose their zeros
        ("id,x\n1,1e3\n2,a\n", {1: "1e3", 2: "a"}),
        ('id,name\n1,"a, b"\n2,"c ""d"""\n', {1: "a, b", 2: 'c "d"'}),
        ("\ufeffid,x\n1,2\n", {1: 2}),
        ("name,town\nanna,wien\nbert,graz\n", {"anna": "wien", "bert": "graz"}),
    ],
)
def test_csv(tmp_path: Path, text: str, expected: Any) -> None:
    path = tmp_path / "sample.csv"
    path.write_text(text, encoding="utf-8")
    assert entries_of(path) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected at least one row, found none"),
        ("id,x\n", "expected at least one row|expected"),
        ("1,2\n3\n", "expected 2 columns as in row 1, found 1 in row 2"),
        ("1,2\n1,3\n", "expected every key once, found 1 twice in column 'column0'"),
    ],
)
def test_csv_that_is_none(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "sample.csv"
    path.write_text(text)
    if text == "id,x\n":  # one row, of texts
        assert entries_of(path) == {"id": "x"}
        return
    with pytest.raises(ValueError, match=message):
        entries_of(path)


def test_csv_columns(tmp_path: Path) -> None:
    path = tmp_path / "sample.csv"
    path.write_text("a,b,c\n1,2,3\n4,5,6\n")
    assert entries_of(path, "b", ["c"]) == {2: 3, 5: 6}
    assert entries_of(path, "2", []) == {3, 6}
    assert entries_of(path, 1, [0]) == {2: 1, 5: 4}
    assert entries_of(path, None, None, 1) == {1: (2, 3)}
    with pytest.raises(ValueError, match="expected a column among 'a', 'b', 'c', got 'd'"):
        entries_of(path, "d")
    with pytest.raises(ValueError, match="got 3"):
        entries_of(path, 0, [3])
    path.write_bytes(b"a,b\n1,\xff\n")
    with pytest.raises(ValueError, match="expected text in UTF-8"):
        entries_of(path)


@pytest.mark.skipif(not HAS_NUMPY, reason="NumPy is not installed")
def test_npy(tmp_path: Path) -> None:
    import numpy as np

    path = tmp_path / "sample.npy"
    for array, expected in [
        (np.arange(3), {0, 1, 2}),
        (np.array([[1, 2], [3, 4]]), {1: 2, 3: 4}),
        (np.array([(1, 0.5, 7)], [("k", "u4"), ("x", "f8"), ("y", "i2")]), {1: (0.5, 7)}),
    ]:
        np.save(path, array)
        assert entries_of(path) == expected
    assert entries_of(path, "k", ["y"]) == {1: 7}
    np.save(path, np.zeros((2, 2, 2)))
    with pytest.raises(ValueError, match="1 or 2 dimensions, found one of 3"):
        entries_of(path)
    path.write_bytes(b"no array")
    with pytest.raises(ValueError, match="sample.npy"):
        entries_of(path)


@pytest.mark.skipif(not HAS_PYARROW, reason="pyarrow is not installed")
def test_parquet(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    path = tmp_path / "sample.parquet"
    parquet.write_table(pyarrow.table({"id": [1, 2], "x": [0.5, 1.5], "s": ["a", "b"]}), path)
    assert entries_of(path) == {1: (0.5, "a"), 2: (1.5, "b")}
    assert entries_of(path, "s", ["id"], 1) == {"a": 1}
    path.write_bytes(b"no table")
    with pytest.raises(ValueError, match="sample.parquet"):
        entries_of(path)


@pytest.mark.parametrize(("suffix", "package"), [("npy", "numpy"), ("parquet", "pyarrow")])
def test_reader_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=f"pip install {package}"):
        entries_of(tmp_path / f"sample.{suffix}")


# ---- views ------------------------------------------------------------------------------------------


class Tags(html.parser.HTMLParser):
    """That every tag is closed, and what is referred to."""

    void = ("meta", "rect", "line", "polyline", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        assert not any(name in ("src", "href") for name, _ in attrs)
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.void:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def odd_comparison() -> Comparison:
    """Figures that are missing, and names that are no HTML."""
    held = Held(None, None)
    peer = Measured("<b>&peer", "int", None, held, held, held, 1.0, 2.0, None, 3.0, ())
    ours = Measured("Map", "int", "<", Held(10, None), Held(12, None), Held(1, None), 1.0, 2.0, 3.0, 3.0, ())
    return Comparison("<x>", 1, "int", "<", (ours, peer), (("<i>", "is <not> there"),), ("<remark>",))


@pytest.mark.parametrize("odd", [False, True])
def test_page(small: Comparison, odd: bool) -> None:
    found = odd_comparison() if odd else small
    for text in (found.to_html(), found._repr_html_()):
        tags = Tags()
        tags.feed(text)
        assert tags.open == []
        assert "table" in tags.seen
        assert ("svg" in tags.seen) or odd
        assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
        assert not {"b&peer", "i", "remark", "x"} & set(tags.seen)
        for m in found.subjects:
            assert m.name in tags.text


def test_csv_view(small: Comparison) -> None:
    rows = list(csv.DictReader(io.StringIO(small.to_csv())))
    assert [row["name"] for row in rows] == ["dict", "Map", "GoMap", "SwissMap"]
    for row, m in zip(rows, small.subjects, strict=True):
        assert int(row["full_counted"]) == m.full.counted
        assert int(row["removed_counted"]) == m.removed.counted
        assert float(row["find_ns"]) == pytest.approx(m.find_ns, abs=0.06)
    assert list(csv.DictReader(io.StringIO(odd_comparison().to_csv())))[1]["full_counted"] == ""


@pytest.mark.parametrize("width", [20, 40, 60, 200])
def test_lines_fit(small: Comparison, width: int) -> None:
    for found in (small, odd_comparison()):
        lines = [text for _, text in found.lines(width)]
        assert max(map(len, lines)) <= max(width, 34)  # label and one column, at the least
        text = " ".join(" ".join(lines).split())
        assert all(m.name in text for m in found.subjects)
    assert "less than" in str(small)


# ---- the command ------------------------------------------------------------------------------------


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    package = str(Path(gomap.__file__).parent.parent)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([package, os.environ.get("PYTHONPATH", "")])}
    return subprocess.run(
        [sys.executable, "-m", "gomap", "compare", *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=cwd,
        env=env,
    )


def test_nan_in_a_struct() -> None:
    found = compare({1: (float("nan"), 1), 2: (2.5, 3)})
    assert found.value == "struct{f0 float64; f1 uint8}"
    assert [m.name for m in found.subjects] == ["dict", "Map", "GoMap", "SwissMap"]


def test_command(tmp_path: Path) -> None:
    found = run("-n", "2k", "--value", "int", "--html", "page.html", "--json", cwd=tmp_path)
    assert (found.returncode, found.stderr) == (0, "")
    figures = json.loads(found.stdout)
    assert figures["entries"] == 2000
    assert [m["name"] for m in figures["subjects"]] == ["dict", "Map", "GoMap", "SwissMap"]
    assert (tmp_path / "page.html").read_text().startswith("<!DOCTYPE html>")


def test_command_with_a_file(tmp_path: Path) -> None:
    rows = "".join(f"{i},{i * 7}\n" for i in range(500))
    (tmp_path / "ids.csv").write_text("id,count\n" + rows)
    found = run("ids.csv", cwd=tmp_path)
    assert (found.returncode, found.stderr) == (0, "")
    assert "500 entries of ids.csv, uint16 to uint16" in " ".join(found.stdout.split())
    found = run("ids.csv", "--value-columns", "", "--csv", "-n", "100", cwd=tmp_path)
    assert (found.returncode, found.stderr) == (0, "")
    assert [row["name"] for row in csv.DictReader(io.StringIO(found.stdout))] == ["set", "Set"]
    found = run("ids.csv", "--peer", "preshed", "--value", "string", "--csv", cwd=tmp_path)
    assert (found.returncode, found.stdout) == (2, "")
    assert "Map: an entry is not of the types given: value: expected str for type string, got int" in found.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--csv", "--json"], 2, "expected either --json or --csv, got both"),
        (["no-such.csv"], 1, "cannot read no-such.csv: No such file or directory"),
        (["odd.xls"], 2, "expected a file ending in"),
        (["--html", "/no/such/place/x.html"], 2, "--html: there is no directory '/no/such/place'"),
        (["--key-column", "a"], 2, "--key-column is for a file's columns, and no file is given"),
        (["--peer", "abseil", "-n", "10"], 2, "got 'abseil'"),
        (["-n", "0"], 2, "expected at least 1, got 0"),
        (["--key", "uint8", "-n", "1k"], 2, "at most 256 entries"),
        (["--colour"], 2, "unrecognized arguments: --colour"),
        (["--peers-file", "x", "y"], 2, "--peers-file"),
    ],
)
def test_command_that_makes_no_sense(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    assert main(["compare", *arguments]) == code
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.startswith("gomap: error: ")
    assert captured.out == ""


def test_ordered_dict_is_a_source() -> None:
    found = compare(OrderedDict({1: 1}))
    assert found.source == "OrderedDict"
    assert found.entries == 1
    assert parse(found.key).size == 1

"""Files of entries that are none: each is refused in one line, soon, and none is read as something else."""

from __future__ import annotations

import errno
import gzip
import importlib.util
import os
import re
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from command import POSIX, refused
from support import entries_of

from gomap import compare
from gomap._cli import main
from gomap.measure import RunError, ScenarioError

HAS_NUMPY = importlib.util.find_spec("numpy") is not None
HAS_PYARROW = importlib.util.find_spec("pyarrow") is not None


# ---- files ------------------------------------------------------------------------------------------


def npy(header: str, data: bytes = b"") -> bytes:
    text = header.encode("latin-1")
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


def array_of(shape: str, descr: str = "'<i8'") -> str:
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"


GARBAGE = bytes(i * 7919 % 251 for i in range(5000))
NO_JSON = "expected JSON, found what Python cannot read: "
NO_ARRAY = "expected an array as numpy.save writes it, found "
FILES = {
    "garbage.csv": (b"a,b\n" + GARBAGE, "expected text in UTF-8, found byte"),
    "utf16.csv": ("a,b\n1,2\n".encode("utf-16"), "expected text in UTF-8, found byte 0xff"),
    "empty.csv": (b"", "expected at least one row, found none"),
    "blank.csv": (b"\n\r\n\n", "expected at least one row, found none"),
    "unclosed.csv": (b'a,b\n1,"2\n3,4\n', "expected a quote that closes the cell begun in line 2 or below"),
    "behind.csv": (b'a,b\n1,2\n3,"4" 5\n', "expected ',' or the end of the line behind a closing quote in line 3"),
    "uneven.tsv": (b'a\tb\n1\t"2\n3\n', "expected 2 columns as in row 1, found 1 in row 3"),
    "keyless.csv": (
        b"a,b\n1,2\n,3\n",
        "column 'a': 1 of 2 cells is blank, the first in row 3; expected a key in",
    ),
    "no.csv.gz": (b"1,2\n", "expected text that gzip has compressed, found what gzip cannot read: BadGzipFile"),
    "cut.csv.gz": (gzip.compress(b"1,2\n" * 9)[:-9], "expected text that gzip has compressed, found what gzip"),
    "uneven.csv": (b"1,2\n3\n", "expected 2 columns as in row 1, found 1 in row 2"),
    "twice.csv": (b"1,2\n1,3\n", "expected every key once, found 1 twice in column 'column0'"),
    "garbage.xls": (b"{}", "expected a file ending in .csv, .csv.gz, .tsv, .tsv.gz, .parquet, .npy, .json"),
    "empty.json": (b"", NO_JSON + "JSONDecodeError"),
    "cut.json": (b'[{"id": 1}', NO_JSON + "JSONDecodeError"),
    "bytes.json": (b'["\xff"]', NO_JSON + "UnicodeDecodeError"),
    "deep.json": (b"[" * 100_000, NO_JSON + "RecursionError"),
    "number.json": (b"3", "expected a list or an object, found a number"),
    "null.json": (b"null", "expected a list or an object, found null"),
    "rowless.json": (b"{}", "expected at least one row, found none"),
    "columnless.json": (b"[{}, {}]", "expected at least one column, found none"),
    "kinds.json": (b"[1, [2]]", "expected a number in every row as in row 1, found a list in row 2"),
    "lengths.json": (b"[[1], [2, 3]]", "expected lists of one length, found 1 items in row 1, and 2 in row 2"),
    "names.json": (b'[{"id": 1, "id": 2}]', "expected every name once in an object, found 'id' twice"),
    "inner.json": (b'{"a": {"x": {"y": 1, "y": 2}}}', "expected every name once in an object, found 'y' twice"),
    "twice.json": (b'{"1": 2, "1": 3}', "expected every key once, found 1 twice in column 'key'"),
    "keyless.json": (b'[{"x": 1}, {"id": 2}]', "column 'x': 1 of 2 cells is blank"),
}
ARRAYS = {
    "empty.npy": (b"", NO_ARRAY + "a file that begins b''"),
    "garbage.npy": (GARBAGE, NO_ARRAY + "a file that begins"),
    "pk.npy": (b"PK", "found an archive, as numpy.savez does"),
    "zip.npy": (b"PK\x03\x04" + GARBAGE, "found an archive, as numpy.savez does"),
    "short.npy": (npy(array_of("(3,)"))[:20], NO_ARRAY + "what NumPy cannot read: "),
    "claims.npy": (npy(array_of("(1000000000000,)"), bytes(8)), NO_ARRAY + "what NumPy cannot read: "),
    "claims_more.npy": (npy(array_of(f"({10**30},)"), bytes(8)), NO_ARRAY + "what NumPy cannot read: "),
    "negative.npy": (npy(array_of("(-5,)"), bytes(8)), NO_ARRAY + "what NumPy cannot read: "),
    "columns.npy": (npy(array_of("(0, 1000000000000)")), "expected at least one row, found none"),
    "rows.npy": (npy(array_of("(1000000000000, 0)")), "expected at least one row, found none"),
    "nothings.npy": (npy(array_of("(1000000000,)", "'|V0'")), "expected at least one row, found none"),
    "objects.npy": (npy(array_of("(1,)", "'|O'"), b"\x80\x04."), NO_ARRAY + "what NumPy cannot read: "),
    "header.npy": (npy("{'descr': '<i8', "), NO_ARRAY + "what NumPy cannot read: "),
    "deep.npy": (npy("(" * 3000), NO_ARRAY + "what NumPy cannot read: "),
    "hash.npy": (npy("{[]: 1}"), NO_ARRAY + "what NumPy cannot read: "),
    "fields.npy": (npy(array_of("(5,)", "[('a', ('b',)), 5]")), NO_ARRAY + "what NumPy cannot read: "),
    "text.npy": (npy(array_of("(1,)", "'<U1'"), b"\xff" * 4), NO_ARRAY + "what NumPy cannot read: "),
    "scalar.npy": (npy(array_of("()"), bytes(8)), "expected an array of 1 or 2 dimensions, found one of 0"),
    "cube.npy": (npy(array_of("(1, 1, 1)"), bytes(8)), "of 1 or 2 dimensions, found one of 3"),
    "lists.npy": (
        npy(array_of("(1,)", "[('a', '<i4', (2,))]"), bytes(8)),
        "expected keys that have a hash, found [0, 0] in row 1 of column 'a'",
    ),
}


def is_refused(capsys: pytest.CaptureFixture[str], path: Path, content: bytes, message: str) -> None:
    path.write_bytes(content)
    for command in ("advise", "compare"):
        said = refused(capsys, command, str(path))
        assert said.startswith(f"{path}: ")
        assert message in said


@pytest.mark.parametrize("name", FILES)
def test_files_that_are_none(capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str) -> None:
    is_refused(capsys, tmp_path / name, *FILES[name])


@pytest.mark.skipif(not HAS_NUMPY, reason="NumPy is not installed")
@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_that_are_none(capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str) -> None:
    is_refused(capsys, tmp_path / name, *ARRAYS[name])


@pytest.mark.skipif(not HAS_NUMPY, reason="NumPy is not installed")
def test_an_archive_under_the_name_of_an_array(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    import numpy as np

    with open(tmp_path / "several.npy", "wb") as file:
        np.savez(file, a=np.arange(3), b=np.array([{}], object))
    assert "found an archive" in refused(capsys, "advise", str(tmp_path / "several.npy"))
    np.save(tmp_path / "array.npy", np.arange(100))
    whole = (tmp_path / "array.npy").read_bytes()
    for length in (len(whole) - 1, len(whole) - 700, 129, 128, 100, 10, 6, 3):
        (tmp_path / "array.npy").write_bytes(whole[:length])
        assert "expected an array" in refused(capsys, "advise", str(tmp_path / "array.npy"))


@pytest.mark.skipif(not HAS_PYARROW, reason="pyarrow is not installed")
def test_tables_that_are_none(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    path = tmp_path / "table.parquet"
    parquet.write_table(pa.table({"id": list(range(100)), "x": ["text"] * 100}), path)
    whole = path.read_bytes()
    no_table = "expected a Parquet file, found what pyarrow cannot read: "
    middle = len(whole) // 2
    for content in (b"", b"PAR1", GARBAGE, whole[:-1], whole[:middle], whole[:4] + whole[-20:]):
        is_refused(capsys, path, content, no_table)
    is_refused(capsys, path, whole[:-200] + b"\xff" * 100 + whole[-100:], no_table)
    for table, message in [
        (pa.table({}), "expected at least one row, found none"),
        (pa.table({"id": pa.array([], pa.int64())}), "expected at least one row, found none"),
        (pa.table({"id": [[1], [2]], "x": [3, 4]}), "expected keys that have a hash, found [1] in row 1"),
        (pa.table({"id": pa.array([2**53], pa.timestamp("ms"))}), no_table + "OverflowError"),
    ]:
        parquet.write_table(table, path)
        is_refused(capsys, path, path.read_bytes(), message)
    parquet.write_table(pa.table([[1, 2], [3, 4]], names=["a", "a"]), path)
    assert entries_of(path) == {1: 3, 2: 4}
    parquet.write_table(pa.table([[1, 2], [3, 4]], names=["a", "b"]), tmp_path / "a:b.parquet")
    assert entries_of(tmp_path / "a:b.parquet") == {1: 3, 2: 4}
    (tmp_path / "parts.parquet").mkdir()
    shutil.copy(tmp_path / "a:b.parquet", tmp_path / "parts.parquet" / "part-0.parquet")
    assert entries_of(tmp_path / "parts.parquet") == {1: 3, 2: 4}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"id": 1, "x": 0.5}, {"x": 2, "id": 3}]', {1: 0.5, 3: 2.0}),
        ('[{"id": "a", "x": 1, "y": [2]}, {"id": "b", "x": 3, "y": null}]', {"a": (1, [2]), "b": (3, None)}),
        ("[[1, 0.5], [2, 3]]", {1: 0.5, 2: 3.0}),
        ("[[1, 0.5], [2, 9007199254740993]]", {1: 0.5, 2: 2**53 + 1}),
        ("[5, 7, 5]", {5, 7}),
        ('["ä", "\\u00e4", "\\ud83d\\ude00"]', {"ä", "\U0001f600"}),
        ('{"1": "x", "-2": "y"}', {1: "x", -2: "y"}),
        ('{"007": 1, "8": 2}', {"007": 1, "8": 2}),
        ('{"": 1}', {"": 1}),
        ('{"a": {"x": 1, "y": "z"}}', {"a": (1, "z")}),
        ('{"a": [1, "z"], "b": [2, ""]}', {"a": (1, "z"), "b": (2, "")}),
        ('{"a": {"x": {"deep": 1}}}', {"a": {"deep": 1}}),
    ],
)
def test_json_as_it_is_laid_out(tmp_path: Path, text: str, expected: Any) -> None:
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    found = entries_of(tmp_path / "x.json")
    assert found == expected
    if isinstance(expected, dict):
        assert list(map(type, found.values())) == [
            type(found[key]) if isinstance(each, tuple) else type(each) for key, each in expected.items()
        ]


def test_json_keeps_what_is_chosen(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"a": 1, "b": 2, "a": 3}')
    assert entries_of(tmp_path / "x.json", on_duplicate="last") == {"a": 3, "b": 2}
    assert entries_of(tmp_path / "x.json", on_duplicate="first", n=1) == {"a": 1}
    (tmp_path / "x.json").write_text('[{"id": 1, "x": 2, "y": 3}, {"id": 4, "y": 5}]')
    assert entries_of(tmp_path / "x.json", key="y", values=["id"]) == {3: 1, 5: 4}
    assert entries_of(tmp_path / "x.json", on_blank="skip") == {1: (2, 3)}


@POSIX
@pytest.mark.parametrize("suffix", ["csv", "npy", "parquet", "json"])
def test_what_is_no_regular_file(capsys: pytest.CaptureFixture[str], tmp_path: Path, suffix: str) -> None:
    if not {"npy": HAS_NUMPY, "parquet": HAS_PYARROW}.get(suffix, True):
        pytest.skip("what reads it is not installed")
    path = tmp_path / f"x.{suffix}"
    assert "No such file" in refused(capsys, "advise", str(path), code=1)
    os.mkfifo(path)
    assert "expected a regular file" in refused(capsys, "advise", str(path))
    path.unlink()
    path.symlink_to("/dev/zero")
    assert "expected a regular file" in refused(capsys, "advise", str(path))
    path.unlink()
    path.symlink_to(path)
    assert os.strerror(errno.ELOOP) in refused(capsys, "advise", str(path), code=1)
    path.unlink()
    path.mkdir()
    if suffix != "parquet":  # which may be written as a directory of files
        assert "Is a directory" in refused(capsys, "advise", str(path), code=1)
    assert "too long" in refused(capsys, "advise", "x" * 5000 + ".csv", code=1)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_must_not_be_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("1,2\n")
    path.chmod(0)
    assert refused(capsys, "advise", str(path), code=1) == f"cannot read {path}: Permission denied"


@pytest.mark.parametrize(
    "text",
    [
        '""\n' * 20_000,
        '",' * 30_000,
        'a\n"' * 20_000,
        '"' * 60_000,
        "'a'" * 20_000,
        "\0" * 5000,
        ',"a' * 9000,
    ],
)
def test_csv_that_is_slow_to_understand(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    started = time.monotonic()
    try:
        entries_of(path)
    except ValueError as error:
        assert str(path) in str(error)  # noqa: PT017
    assert time.monotonic() - started < 20  # minutes, by csv.Sniffer


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1, 2\n3, 4\n", {1: 2, 3: 4}),
        ('1;"a;b"\n2;c\n', {1: "a;b", 2: "c"}),
        ("a|b\n1|2\n3|4\n", {1: 2, 3: 4}),
        ("1,2;3\n4,5;6\n", {1: "2;3", 4: "5;6"}),
        (" a\nb\n", {" a", "b"}),
        ('k,v\n1,"two\nlines, and more"\n2,x\n', {1: "two\nlines, and more", 2: "x"}),
        ("1e999,2\n1e998,3\n", {"1e999": 2, "1e998": 3}),  # as numbers they would be one
        ("inf,2\n-inf,3\n", {float("inf"): 2, float("-inf"): 3}),
        ("9" * 5000 + ",2\n1,3\n", {"9" * 5000: 2, "1": 3}),
    ],
)
def test_csv_as_it_is_meant(tmp_path: Path, text: str, expected: Any) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    assert entries_of(path) == expected


def test_csv_of_many_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.csv"
    path.write_text(",".join(f"c{i}" for i in range(20_000)) + "\n" + ",".join(map(str, range(20_000))) + "\n")
    assert main(["advise", str(path)]) == 0  # in seconds, not in minutes
    assert "values: a struct of more than 256 fields" in capsys.readouterr().out
    said = refused(capsys, "advise", str(path), "--key-column", "no such")
    assert said.endswith("'c19', ..., got 'no such'")


@pytest.mark.parametrize("column", ["-1", "2", "9" * 5000, "id ", "", "\ud800", "1.0"])
def test_columns_that_are_none(capsys: pytest.CaptureFixture[str], tmp_path: Path, column: str) -> None:
    (tmp_path / "x.csv").write_text("id,x\n1,2\n")
    arguments = ["advise", str(tmp_path / "x.csv")]
    if column:
        assert "expected a column among 'id', 'x', got" in refused(capsys, *arguments, f"--value-columns={column}")
    assert "expected a column among 'id', 'x', got" in refused(capsys, *arguments, f"--key-column={column}")


@pytest.mark.parametrize(
    ("library", "arguments", "code"),
    [
        ("numpy", ["advise", "x.npy"], 1),
        ("pyarrow", ["advise", "x.parquet"], 1),
        ("matplotlib", ["timeline", "-n", "3", "--plot", "x.svg"], 2),
        ("pyperf", ["bench", "-n", "3", "--only", "hit"], 2),
    ],
)
def test_a_library_that_is_broken(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    library: str,
    arguments: list[str],
    code: int,
) -> None:
    (tmp_path / f"{library}.py").write_text("raise AttributeError('of another version')\n")
    monkeypatch.chdir(tmp_path)
    for name in list(sys.modules):
        if name == library or name.startswith(library + "."):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    said = refused(capsys, *arguments, code=code)
    assert re.search(r"which cannot be imported \(AttributeError: of another version\): .*pip install", said)


# ---- keys that are not found again ------------------------------------------------------------------


def test_nan_keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.csv"
    path.write_text("id,x\n1,2\nnan,3\n4,5\n")
    for options in ([], ["--value-columns="], ["--key=float"]):
        said = refused(capsys, "compare", str(path), *options)
        assert said == "expected keys that are equal to themselves, got nan; leave nan out"
    assert main(["advise", str(path)]) == 0
    assert "keys: NaN, which a dict finds only by identity" in capsys.readouterr().out
    with pytest.raises(ScenarioError, match="^expected keys that are equal to themselves, got nan; leave nan out$"):
        compare({1.0: 2, float("nan"): 3})
    path.write_text("id,x\n1,nan\n2,nan\n")
    assert main(["compare", str(path), "-q"]) == 0


class Identical:
    """Equal to itself alone, and so not to its copies."""


@pytest.mark.parametrize("live", [{Identical(): 1}, {(1, float("nan")): 2}, {Identical()}])
def test_keys_whose_copies_are_others(live: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Identical, "__module__", "identical_things")
    (tmp_path / "identical_things.py").write_text("class Identical: pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import identical_things  # type: ignore[import-not-found]

    monkeypatch.setattr(identical_things, "Identical", Identical)
    with pytest.raises(RunError, match="key .* was added and is not found: its copies in other"):
        compare(live)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--value=uint8"], "Map: an entry is not of the types given: value: 300 is out of range for uint8"),
        (
            ["--key=string"],
            "Map: an entry is not of the types given: key: expected str for type string, got int 1",
        ),
        (
            ["--value=[4]byte"],
            "an entry is not of the types given: value: expected bytes for type [4]byte, got int",
        ),
    ],
)
def test_types_that_the_entries_do_not_have(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    (tmp_path / "x.csv").write_text("id,x\n1,300\n2,301\n")
    assert message in refused(capsys, "compare", str(tmp_path / "x.csv"), *arguments)

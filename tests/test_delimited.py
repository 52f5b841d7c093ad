"""CSV and TSV as people have them: delimiters, quotes, names, blanks, kinds; and three readers that give the same."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import io
import json
import math
import tracemalloc
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from command import refused
from hypothesis import given, settings
from hypothesis import strategies as st
from support import entries_of

from gomap import advise, compare
from gomap._cli import main
from gomap.measure import cell_readers, delimited
from gomap.measure.cells import Cells, Column, Kind, joined, typed
from gomap.measure.table_files import read

READERS = {"pyarrow": cell_readers.by_arrow, "polars": cell_readers.by_polars}


def written(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


# ---- quotes -----------------------------------------------------------------------------------------


def test_quotes_that_come_late(table: Path) -> None:
    rows = [["id", "words"], *([str(i), f"plain {i}"] for i in range(10_000))]
    rows += [
        ["10000", 'say "hi"'],
        ["10001", "a, b"],
        ["10002", "two\nlines\r\nand more"],
        ["10003", '"'],
        ["10004", ""],
    ]
    with open(table, "w", newline="") as file:
        csv.writer(file).writerows(rows)
    assert table.read_bytes().index(b'"') > 65536
    assert entries_of(table) == {int(key): value for key, value in rows[1:]}


def test_a_cell_of_any_length(table: Path) -> None:
    limit = csv.field_size_limit()
    assert entries_of(written(table, "a,b\n1," + "x" * 200_000 + "\n")) == {1: "x" * 200_000}
    assert csv.field_size_limit() == limit


def test_a_first_row_of_any_length(table: Path) -> None:
    names = ["id", *(f"column {i:>60}" for i in range(2000))]
    written(table, ";".join(names) + "\n" + ";".join(map(str, range(2001))) + "\n")
    assert entries_of(table, values=["1", "2000"]) == {0: (1, 2000)}


QUOTED_BY_TABS = [
    # Every cell that begins with a quote is quoted by itself.
    ('id\tx\n1\t"a"\n2\tb\n', {1: "a", 2: "b"}),
    ('id\tx\n1\t"say ""hi"""\n2\t5" pipe\n', {1: 'say "hi"', 2: '5" pipe'}),
    # One is not: quotes are text.
    ('id\tx\n1\t"a\n2\tb\n', {1: '"a', 2: "b"}),
    ('id\tx\n1\t"a\n2\t"\n3\tx\n', {1: '"a', 2: '"', 3: "x"}),
    ('id\tx\n1\t"a"\n2\t"b" or "c"\n', {1: '"a"', 2: '"b" or "c"'}),
    # Only with quotes all rows have the same number of cells.
    ('id\tx\n1\t"two\nlines"\n2\t"a\tb"\n', {1: "two\nlines", 2: "a\tb"}),
]


@pytest.mark.parametrize(("text", "expected"), QUOTED_BY_TABS)
@pytest.mark.parametrize("suffix", [".tsv", ".csv"])
def test_quotes_between_tabs(tmp_path: Path, suffix: str, text: str, expected: Any) -> None:
    assert entries_of(written(tmp_path / f"x{suffix}", text)) == expected


def test_quotes_that_are_text_are_said(tmp_path: Path) -> None:
    said = 'x.tsv: quotes are read as a part of the text, because of \'"b" or "c"\' in row 3'
    for text, _ in QUOTED_BY_TABS:
        remarks = read(written(tmp_path / "x.tsv", text)).remarks
        assert (said in remarks) == (" or " in text)
        assert bool(remarks) == (entries_of(tmp_path / "x.tsv")[1][:1] == '"')


def test_no_row_of_a_tsv_is_swallowed(tmp_path: Path) -> None:
    words = {i: ('"' if i % 997 == 0 else "") + f"word {i}" for i in range(20_000)}
    text = "id\tword\n" + "".join(f"{i}\t{word}\n" for i, word in words.items())
    assert entries_of(written(tmp_path / "x.tsv", text)) == words


# ---- delimiters and blanks --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a, b\n1, x\n2, y\n", {1: "x", 2: "y"}),  # layout
        ('a, b\n1, "x, y"\n2, z\n', {1: "x, y", 2: "z"}),
        ("a, b\n1,x\n2, y\n", {1: "x", 2: " y"}),  # meant
        ("a,b\n1, x\n2,y\n", {1: " x", 2: "y"}),
        ("a,b\n1, 5\n2,6 \n", {1: 5, 2: 6}),
        ('a;b\n1;"x,y,z"\n2;"a,b,c"\n', {1: "x,y,z", 2: "a,b,c"}),
        ('"k,l";v\n"a,b";c\n"d,e";f\n', {"a,b": "c", "d,e": "f"}),
        ('1\t"a,b"\n2\t"c,d"\n', {1: "a,b", 2: "c,d"}),
        ('id\tx\n1\t"a;b;c"\n2\t"d;e;f"\n', {1: "a;b;c", 2: "d;e;f"}),
        ("a, b\n1, x\n2,\n", {1: "x", 2: ""}),
        ('a,b\n"1","x;y"\n"2","z"\n', {1: "x;y", 2: "z"}),
        ("a;b\n1;2,5\n2;3\n", {1: "2,5", 2: "3"}),
        ("a,b\r\n1,2\r\n\r\n3,4", {1: 2, 3: 4}),
        ("a,b\r1,2\r3,4\r", {1: 2, 3: 4}),
    ],
)
def test_delimiters_and_blanks(table: Path, text: str, expected: Any) -> None:
    found = entries_of(written(table, text))
    assert found == expected
    assert [*map(type, found.values())] == [*map(type, expected.values())]


# ---- names ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id\n1\n2\n", {1, 2}),
        ("id\n\n1\n2\n", {1, 2}),
        ("email\na@b.c\nd@e.f\n", {"a@b.c", "d@e.f"}),
        ("name\nAnna Mayr\nBert Graf\n", {"Anna Mayr", "Bert Graf"}),
        ("flag\ntrue\nfalse\n", {True, False}),
        ("spam\neggs\n", {"spam", "eggs"}),  # which may be words all
        ("spam\neggs\nham and eggs\n", {"spam", "eggs", "ham and eggs"}),
        ("007\n1\n2\n", {"007", "1", "2"}),
        (",x\n0,5\n1,6\n", {0: 5, 1: 6}),  # as pandas writes its index
        ("id,2023,2024\n7,1,2\n8,3,4\n", {7: (1, 2), 8: (3, 4)}),
        ("a,a\n1,2\n3,4\n", {1: 2, 3: 4}),
        ("a,a\nb,c\n", {"a": "a", "b": "c"}),
    ],
)
def test_names(table: Path, text: str, expected: Any) -> None:
    assert entries_of(written(table, text)) == expected


def test_fields_are_named_alike(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(table, "id,x,y z,class\n" + "".join(f"{i},{i / 2},{i % 7},{i % 2}\n" for i in range(1000)))
    value = "struct{x float64; y_z uint8; column3 uint8}"
    assert advise(entries_of(table)).value == value
    assert compare(table).value == value
    for command in ("advise", "compare"):
        assert main([command, str(table), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["value"] == value
    assert main(["estimate", "--value", value, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["value"] == value


# ---- kinds ------------------------------------------------------------------------------------------


NO_NUMBERS = ["007", "+43", "1_000", "0x1", "1e999", "true", "٣", "a", "1,5"]


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (["1", "-2", "0"], Kind.INT, [1, -2, 0]),
        (["1", "2.5"], Kind.FLOAT, [1.0, 2.5]),
        (["1", "", " 3"], Kind.INT, [1, None, 3]),
        (["-0", "1."], Kind.FLOAT, [-0.0, 1.0]),
        ([".5", "1e-3", "inf", "-Infinity"], Kind.FLOAT, [0.5, 0.001, math.inf, -math.inf]),
        (["true", "FALSE", "True", ""], Kind.BOOL, [True, False, True, None]),
        (["", " "], Kind.BLANK, [None, None]),
        ([], Kind.BLANK, []),
        *(
            (["1", text], Kind.TEXT, ["1", text])
            for text in ("007", "+43", "1_000", "0x1", "1e999", "true", "٣", "a", "1,5")
        ),
        (["9" * 300], Kind.INT, [10**300 - 1]),
        (["9" * 301], Kind.FLOAT, [1e301]),
        (["9" * 5000], Kind.TEXT, ["9" * 5000]),
    ],
)
def test_kinds(cells: list[str], kind: Kind, values: list[Any]) -> None:
    assert typed(cells) == (kind, values)
    assert [*map(type, typed(cells)[1])] == [*map(type, values)]


CELLS = st.sampled_from(
    ["", " ", "1", "-7", "2.5", "1e3", "true", "False", "a", "007", "nan", "9" * 20, "12345678901234567"]
)


@given(st.lists(CELLS, max_size=12), st.lists(st.integers(0, 12), max_size=4))
def test_a_column_is_the_same_in_any_blocks(cells: list[str], cuts: list[int]) -> None:
    whole = filled([cells])
    cuts = sorted({0, len(cells), *(cut for cut in cuts if cut < len(cells))})
    parts = filled([cells[start:end] for start, end in pairwise(cuts)])
    assert repr(parts.finish()) == repr(whole.finish())
    assert (parts.kind, parts.odd) == (whole.kind, whole.odd)
    kinds = [typed([cell])[0] for cell in cells]
    kind = Kind.BLANK
    for each in kinds:
        kind = joined(kind, each)
    assert whole.kind is kind


def filled(blocks: list[list[str]]) -> Column:
    column = Column()
    for _ in range(2):
        for block in blocks:
            column.add(Cells(block))
        if not column.stale:
            break
        column.restart()
    assert not column.stale
    return column


def test_a_column_that_turns_out_to_be_text(table: Path) -> None:
    written(table, "id,x\n" + "".join(f"{i},{i}.50\n" for i in range(200_000)) + "200000,n/a\n")
    sample = read(table)
    assert isinstance(sample.entries, dict)
    assert sample.entries[7] == "7.50"
    assert sample.remarks == (
        "table.csv: column 'x' is text, because of 'n/a' in row 200,002; what comes before are numbers or bools",
    )


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("größe", "größe"),
        ("total (EUR)", "total_EUR"),
        ("_id", "id"),
        ("class", "column2"),
        ("2024", "column2"),
        ("---", "column2"),
    ],
)
def test_names_of_fields(table: Path, name: str, field: str) -> None:
    written(table, f"id,x,{name},other\n1,2,3,x\n")
    fields = next(iter(entries_of(table, "other", ["x", "2"]).values()))._fields
    assert fields == ("x", field)


def test_bools(table: Path) -> None:
    assert entries_of(written(table, "id,on\n1,true\n2,FALSE\n3,True\n")) == {1: True, 2: False, 3: True}
    assert advise(entries_of(table)).value == "bool"


# ---- blanks -----------------------------------------------------------------------------------------


def with_blanks(table: Path, blank: str = "") -> Path:
    return written(table, "id,x\n" + "".join(f"{i},{blank if i in (500, 700) else 7 * i}\n" for i in range(1000)))


SAID = "table.csv: column 'x': 2 of 1,000 cells are blank, the first in row 502; "


def test_blank_numbers_are_missing(table: Path) -> None:
    sample = read(with_blanks(table))
    assert isinstance(sample.entries, dict)
    assert math.isnan(sample.entries[500])
    assert sample.entries[501] == 3507.0
    assert {*map(type, sample.entries.values())} == {float}
    advice = "on_blank='skip' (--on-blank skip) leaves out such rows"
    assert sample.remarks == (f"{SAID}read as nan, hence floats; {advice}",)
    assert advise(sample.entries).value == "float64"
    assert compare(table).remarks[0] == sample.remarks[0]


def test_rows_with_blanks_are_left_out(table: Path) -> None:
    sample = read(with_blanks(table, " "), on_blank="skip")
    assert sample.entries == {i: 7 * i for i in range(1000) if i not in (500, 700)}
    assert sample.remarks == (f"{SAID}such rows are left out",)
    with pytest.raises(ValueError, match="the first in row 502; on_blank='skip'"):
        read(table, on_blank="error")
    written(table, "id,x,y\n1,,2\n2,3,\n")
    with pytest.raises(ValueError, match="expected a row without blank cells, found none"):
        read(table, on_blank="skip")


def test_blanks_that_no_float_stands_for(table: Path) -> None:
    sample = read(written(table, f"id,x,on\n1,{2**60},true\n2,,\n"))
    assert sample.entries == {1: (2**60, True), 2: (None, None)}
    assert [remark.split("; ")[1] for remark in sample.remarks] == ["read as None, hence objects"] * 2


def test_blank_texts_are_empty(table: Path) -> None:
    sample = read(written(table, "id,x,y\n1,a,\n2,,\n3,b,\n"))
    assert sample.entries == {1: ("a", ""), 2: ("", ""), 3: ("b", "")}
    assert sample.remarks == ()


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is None, reason="pyarrow is not installed")
def test_nulls_of_parquet_are_blanks(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    path = tmp_path / "table.parquet"
    parquet.write_table(pa.table({"id": [1, 2], "x": [5, None]}), path)
    sample = read(path)
    assert repr(sample.entries) == "{1: 5.0, 2: nan}"
    assert "1 of 2 cells is blank, the first in row 2; read as nan" in sample.remarks[0]
    assert entries_of(path, on_blank="skip") == {1: 5}


# ---- keys that come twice ---------------------------------------------------------------------------


def test_keys_that_come_twice(table: Path) -> None:
    written(table, "id,x,y\n1,5,6\n2,7,8\n1,9,10\n")
    with pytest.raises(ValueError, match=r"found 1 twice in column 'id' \(3 rows, 2 keys\); on_duplicate='last'"):
        read(table)
    last, first = read(table, on_duplicate="last"), read(table, on_duplicate="first")
    assert (last.entries, first.entries) == ({1: (9, 10), 2: (7, 8)}, {1: (5, 6), 2: (7, 8)})
    assert last.remarks == ("table.csv: column 'id': the last row of each key is kept (3 rows, 2 keys)",)
    assert entries_of(table, values=[]) == {1, 2}
    assert entries_of(table, 1, on_duplicate="error") == {5: (1, 6), 7: (2, 8), 9: (1, 10)}
    for wrong in ({"on_duplicate": "all"}, {"on_blank": None}):
        with pytest.raises(ValueError, match="expected one of"):
            read(table, **wrong)  # type: ignore[arg-type]


def test_the_command_line_says_what_it_did(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(table, "id,x\n1,5\n2,\n1,9\n")
    assert "(--on-duplicate last)" in refused(capsys, "advise", str(table))
    for command in (["advise"], ["compare", "-q"], ["compare", "-q", "--csv"]):
        assert main([*command, str(table), "--on-duplicate", "last", "--on-blank", "skip"]) == 0
        said = capsys.readouterr().err.splitlines()
        assert said == [
            "gomap: table.csv: column 'x': 1 of 3 cells is blank, the first in row 3; such rows are left out",
            "gomap: table.csv: column 'id': the last row of each key is kept (2 rows, 1 key)",
        ]
    for option in ("--on-duplicate", "--on-blank"):
        assert "invalid choice: 'all'" in refused(capsys, "advise", str(table), option, "all")
        assert f"{option} is for a file's columns" in refused(capsys, "compare", option, "error")


def test_help_names_the_suffixes(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    for command in ("advise", "compare", "build"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        assert ".csv, .csv.gz, .tsv, .tsv.gz, .parquet, .npy or .json" in capsys.readouterr().out


# ---- compressed; large ------------------------------------------------------------------------------


def test_compressed(tmp_path: Path) -> None:
    (tmp_path / "X.CSV.GZ").write_bytes(gzip.compress(b"id;x\n1;2\n3;4\n"))
    assert entries_of(tmp_path / "X.CSV.GZ") == {1: 2, 3: 4}
    (tmp_path / "x.tsv.gz").write_bytes(gzip.compress(b'id\tx\n1\t"2\n'))
    assert entries_of(tmp_path / "x.tsv.gz") == {1: '"2'}


def test_cells_are_not_held_as_text_and_as_numbers(table: Path) -> None:
    rows = 100_000
    written(table, "id,x\n" + "".join(f"{i},{i + 0.5}\n" for i in range(1000, rows + 1000)))
    tracemalloc.start()
    try:
        d = entries_of(table)
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(d) == rows
    # Beside the dict there are two columns, the set that finds keys that come twice, and a block. All texts are 11 MB.
    assert peak < held + 2 * 8 * rows + 4_500_000 + 3_000_000


# ---- three readers ----------------------------------------------------------------------------------


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes one of the faster readers read whatever it is trusted with, however small."""

    def choose(*readers: Any) -> None:
        monkeypatch.setattr(delimited, "_FAST_FROM", 0)
        monkeypatch.setattr(delimited, "FAST", readers)

    return choose


def outcome(path: Path, text: bytes) -> str:
    """All that a file is read as, or why it is not."""
    path.write_bytes(text)
    try:
        sample = read(path, on_duplicate="last")
    except ValueError as error:
        return str(error)
    return repr(
        (sample.entries if isinstance(sample.entries, dict) else sorted(map(repr, sample.entries)), sample.remarks)
    )


HOSTILE = [
    *('a,b\n1,"x\ny"\n2,z\n', "a,b\n1,2\n3\n", "a,b\n1,2\n3,4,5\n", "a,b\n1,2\n3,4,5\n6\n", "a,b,c\n1,2\n3,4,5\n"),
    *("a,b\n\n1,2\n", "\na,b\n1,2\n", "a,b\n1,2\n\n\n", "a,b\r\n1,2\r\n", "a,b\n1,2\r\n3,4\n"),
    *("a,b\r1,2\r", "a,b\n1,2\r3\n", "\ufeffa,b\n1,2\n", "\ufeff\na,b\n1,2\n", "a,b\n1,\ufeff\n"),
    *("a,b\n1,\x00\n", "\x00", "a\n", ",\n", ",,\n,,\n", "\n", "a,b\n1,\n2,3\n", "a,b\n1,\n2,\n"),
    *("a,b\n1, \n2,3\n", "a,b\n1,NA\n2,null\n", "a,b\n1,nan\n2,-inf\n", "#a,b\n#1,2\n", "a,b\n007,1\n"),
    *(
        "a,b\n+1,1\n",
        "a,b\n1,1_0\n",
        "a,b\n1,9223372036854775808\n2,-9223372036854775808\n",
        "a,b\n1,18446744073709551616\n",
    ),
    *("a,b\n-0,1\n", "a,b\n1,1e999\n", "a,b\n1,.5\n2,1.\n", "a,b\n1,0.1\n2,1e-400\n", "a,b\n1,1E5\n"),
    *("a,b\n1,0x10\n", "a,b\n1,true\n2,\n", "a;b\n1;2\n", "a\tb\n1\t2\n", "a|b\n1|x\n", "a, b\n1, 2\n"),
    *("a,b\n1,\u2028\n", "a,b\n1,\x0b\x0c\x1c\x85\n", "é,ü\n1,ß\n", "a,b\n1,2", "a,b\n1,2\n3,"),
    *("id\n1\n2\n", "id\nx y\n", "a,b\n1,\\N\n", "a,b\n1,'2'\n", "a,b\n1,2\n1,3\n", "a,b\n\t1,2\n"),
]


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("text", HOSTILE)
def test_every_reader_reads_the_same(table: Path, only: Any, name: str, text: str) -> None:
    pytest.importorskip(name)
    expected = outcome(table, text.encode())
    only(READERS[name])
    assert outcome(table, text.encode()) == expected


@pytest.mark.parametrize("name", READERS)
def test_every_reader_reads_the_same_of_anything(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    pytest.importorskip(name)
    path = tmp_path_factory.mktemp("any") / "table.csv"
    pieces = st.sampled_from(
        [",", "\n", "\n", "\r\n", '"', " ", "1", "2.5", "-7", "x", "true", "é", ";", "\t", "0", "e3", "\r"]
    )
    texts = st.lists(pieces, max_size=25).map("".join)
    numbers = st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1).map(lambda rows: "\n".join(map(",".join, rows)))

    @settings(max_examples=300, deadline=None)
    @given(st.one_of(texts, numbers))
    def same(text: str) -> None:
        with pytest.MonkeyPatch.context() as patch:
            expected = outcome(path, text.encode())
            patch.setattr(delimited, "_FAST_FROM", 0)
            patch.setattr(delimited, "FAST", (READERS[name],))
            assert outcome(path, text.encode()) == expected

    same()


@pytest.mark.parametrize("name", READERS)
def test_the_faster_readers_are_used(table: Path, only: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(name)
    rows = [(i, i / 7, f"name {i % 100}", i % 3 == 0) for i in range(20_000)]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("id", "x", "name", "on"), *rows])
    written(table, text.getvalue())
    expected = {i: rest for i, *rest in rows}
    used = []
    only(lambda *arguments: used.append(name) or READERS[name](*arguments))
    monkeypatch.setattr(delimited, "by_csv", None)
    found = entries_of(table)
    assert used
    assert {i: [*row] for i, row in found.items()} == expected
    assert [*map(type, found[7])] == [float, str, bool]
    assert entries_of(table, "x", ["id"]) == {x: i for i, x, *_ in rows}


def test_a_reader_that_fails_is_passed_over(table: Path, only: Any) -> None:
    def failing(*_: Any) -> Any:
        yield [Cells(["9", "9", "9"]), Cells(["9", "9", "9"])]
        raise OSError("no such library")

    def short(*_: Any) -> Any:
        yield [Cells(["9"]), Cells(["9"])]

    only(failing, short)
    assert entries_of(written(table, "a,b\n1,2\n3,4\n")) == {1: 2, 3: 4}

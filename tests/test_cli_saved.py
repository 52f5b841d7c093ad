"""Saved maps on the command line: build, info, verify, get; and files that are no saved maps."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from command import COMMAND, LINUX, POSIX, in_terminal, refused, run

from gomap import GoMap, Map, Set, sizeof
from gomap._cli import main
from gomap._cli.texts import fitting, json_of, read, text_of
from gomap.files import FileInfo, info
from gomap.types import parse

HAS_NUMPY = importlib.util.find_spec("numpy") is not None
NOT_ROOT = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
ID = UUID("2f8b6f0e-5d3c-4c1e-9b0a-7d5c2f1e8a34")


def shown(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0, err: str | None = "") -> str:
    """What the command line prints; `err` is what it says on standard error, None for whatever."""
    assert main(arguments) == code
    captured = capsys.readouterr()
    assert err is None or captured.err == err
    return captured.out


def in_json(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0, err: str | None = "") -> Any:
    return json.loads(shown(capsys, *arguments, "--json", code=code, err=err))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def words(here: Path) -> Path:
    """A saved map from text to structs with text, the keys longer than an entry has room for."""
    entries = {f"größe {i}: {'lang ' * (i % 9)}": (i, f"wert, {i}") for i in range(3000)}
    Map(str, "struct{n uint16; text string}", entries).save("words.gomap")
    return here / "words.gomap"


@pytest.fixture(scope="module")
def cities(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, tuple[str, float, int]]]:
    """200,000 cities in a CSV file, with delimiters and quotes in their names."""
    picked = random.Random(7)
    entries = {
        f'Stadt "{i}", {"ü" * picked.randrange(20)}': (
            picked.choice(["DE", "FR", "a longer country than an entry holds"]),
            round(picked.uniform(-90, 90), 4),
            picked.randrange(10**7),
        )
        for i in range(200_000)
    }
    path = tmp_path_factory.mktemp("cities") / "cities.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["city", "country", "latitude", "people"])
        rows.writerows((city, *rest) for city, rest in entries.items())
    return path, entries


# ---- build ------------------------------------------------------------------------------------------


@pytest.mark.long
def test_cities(
    cities: tuple[Path, dict[str, tuple[str, float, int]]],
    here: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, entries = cities
    figures = in_json(capsys, "build", str(path), "-o", "cities.gomap")
    value = "struct{country string; latitude float64; people uint32}"
    assert (figures["key"], figures["value"], figures["entries"]) == ("string", value, 200_000)
    assert figures["nbytes"] == Path("cities.gomap").stat().st_size
    # 3.1 on CPython 3.11, 2.8 from 3.12 on, where a str takes fewer bytes.
    assert figures["dict"] > 2.7 * figures["nbytes"]
    assert list(figures["seconds"]) == ["reading", "finding the types", "building", "saving"]
    saved = Map.open("cities.gomap", verify=True)
    assert len(saved) == len(entries)
    assert all(saved[city] == its for city, its in entries.items())
    saved._check()

    some = random.Random(3).sample(list(entries), 500)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("".join(f"{each}\n" for each in some).encode())))
    rows = csv.reader(io.StringIO(shown(capsys, "get", "cities.gomap", "-")))
    assert [(country, float(at), int(people)) for country, at, people in rows] == [entries[city] for city in some]


def test_what_is_built_says_its_size(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("ids.csv").write_text("id,x\n" + "".join(f"{i * 1000},{i}\n" for i in range(10_000)))
    lines = shown(capsys, "build", "ids.csv", "--output", "ids.gomap").splitlines()
    saved = info("ids.gomap")
    assert lines[0] == 'ids.gomap: Map("uint32", "uint16"), 10,000 entries'
    assert lines[3].split() == ["saved", f"{saved.nbytes:,}", f"{saved.bytes_per_entry:.1f}"]
    held = sizeof({i * 1000: i for i in range(10_000)})
    assert lines[4].split()[:3] == ["as", "a", "dict"]
    assert int(lines[4].split()[3].replace(",", "")) == pytest.approx(held, rel=0.1)
    assert lines[-1].startswith("reading 0.")


def test_compact_is_smaller(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("ids.csv").write_text("".join(f"{i},{i}\n" for i in range(30_000)))
    sizes = []
    for how in (["--compact"], [], ["--no-compact"]):
        sizes.append(in_json(capsys, "build", "ids.csv", "-o", "ids.gomap", *how)["nbytes"])
        assert dict(Map.open("ids.gomap", verify=True)) == {i: i for i in range(30_000)}
    assert sizes[0] == sizes[1] < sizes[2]


def test_sets(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("words.csv").write_text("some text\nother text\nsome text\n")
    figures = in_json(capsys, "build", "words.csv", "-o", "words.gomap")
    assert (figures["key"], figures["value"], figures["entries"]) == ("string", None, 2)
    assert figures["set"] > 0
    assert info("words.gomap").saved_by == "Set"
    assert set(Set.open("words.gomap", verify=True)) == {"some text", "other text"}
    Path("pairs.csv").write_text("1,2\n3,4\n")
    assert 'pairs.gomap: Set("uint8"), 2 entries\n' in shown(
        capsys, "build", "pairs.csv", "-o", "pairs.gomap", "--value-columns", ""
    )
    assert set(Set.open("pairs.gomap")) == {1, 3}


def test_columns_and_rows_that_are_chosen(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("x.tsv").write_text("id\tname\tx\n1\ta\t0.5\n2\tb\t\n2\tc\t3\n4\td\t4\n")
    options = ["--key-column", "name", "--value-columns", "x,id", "--on-blank", "skip", "-n", "3"]
    shown(capsys, "build", "x.tsv", "-o", "x.gomap", *options, err=None)
    assert dict(Map.open("x.gomap")) == {"a": (0.5, 1), "c": (3.0, 2)}
    assert "expected every key once, found 2 twice" in refused(capsys, "build", "x.tsv", "-o", "y.gomap")
    shown(capsys, "build", "x.tsv", "-o", "y.gomap", "--on-duplicate", "first", "--value-columns", "name", err=None)
    assert dict(Map.open("y.gomap")) == {1: "a", 2: "b", 4: "d"}


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("uint64", "float32", {7: 0.5, 8: 2.0}),
        ("string", "float64", {"7": 0.5, "8": 2.0}),
        ("int8", None, {7: 0.5, 8: 2.0}),
        (None, "float32", {7: 0.5, 8: 2.0}),
    ],
)
def test_types_that_are_given(
    here: Path, capsys: pytest.CaptureFixture[str], key: str | None, value: str | None, expected: dict[Any, Any]
) -> None:
    Path("x.csv").write_text("7,0.5\n8,2\n")
    types = [*(["--key", key] if key else []), *(["--value", value] if value else [])]
    figures = in_json(capsys, "build", "x.csv", "-o", "x.gomap", *types)
    assert (figures["key"], figures["value"]) == (key or "uint8", value or "float64")
    assert dict(Map.open("x.gomap")) == expected


def test_text_is_read_as_the_type_that_is_given(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("x.csv").write_text(f"id,day,at,hash,code\n{ID},2024-07-01,2024-07-01T12:00+02:00,00ff,007\n")
    value = "struct{day date; at datetime64[s, UTC]; hash [2]byte; code uint8}"
    shown(capsys, "build", "x.csv", "-o", "x.gomap", "--key", "uuid", "--value", value)
    expected = (date(2024, 7, 1), datetime(2024, 7, 1, 10, tzinfo=UTC), b"\x00\xff", 7)
    assert dict(Map.open("x.gomap")) == {ID: expected}


@pytest.mark.parametrize("name", ["x.npy", "x.parquet", "x.json", "x.csv.gz"])
def test_other_files(here: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    if name == "x.npy":
        numpy = pytest.importorskip("numpy")
        numpy.save(name, numpy.array([[1, 10], [2, 20]]))
    elif name == "x.parquet":
        pa = pytest.importorskip("pyarrow")
        importlib.import_module("pyarrow.parquet").write_table(pa.table({"a": [1, 2], "b": [10, 20]}), name)
    elif name == "x.json":
        Path(name).write_text('{"1": 10, "2": 20}')
    else:
        import gzip

        Path(name).write_bytes(gzip.compress(b"1,10\n2,20\n"))
    shown(capsys, "build", name, "-o", "x.gomap")
    assert dict(Map.open("x.gomap", verify=True)) == {1: 10, 2: 20}


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ("1,2\n2,300\n", ["--value", "uint8"], "x.csv: value: 300 is out of range for uint8 (0 to 255)"),
        ("1,x\n", ["--value", "int"], "x.csv: value: expected a whole number for int, got 'x'"),
        ("1,x\n", ["--value", "[2]byte"], "x.csv: value: expected 2 bytes as text or 4 hexadecimal digits for [2]byte"),
        ("1,0.5\n", ["--value", "int"], "x.csv: value: expected int for type int, got float 0.5"),
        ("a,1\n", ["--key", "uuid"], "x.csv: key: expected a UUID of 32 hexadecimal digits for uuid, got 'a'"),
        ("1,2,3\n", ["--value", "struct{a int}"], "x.csv: value: expected the fields of struct{a int}"),
        ("1,a,3\n", ["--value", "struct{a int; b int}"], "x.csv: value: expected a whole number for int, got 'a'"),
        ("1,2\n", ["--key", "any"], "--key: objects cannot be saved: expected any other type, got any"),
        ("1,2\n", ["--value", "struct{a any}"], "argument --value: "),
        ("1\n", ["--value", "int"], "--value: expected a column of values for int, and x.csv gives none"),
        ("007,1\n7,2\n", ["--key", "int"], "x.csv: expected keys that stay different as int, got 2 that become 1"),
        ("1,true\n2,\n", [], "x.csv: objects cannot be saved, and there is no other type for the values: 1 of 2 are"),
        (f"1,{2**70}\n", [], "there is no other type for the values: "),
        ("", [], "x.csv: expected at least one row, found none"),
        ("1,2\n", ["--key-column", "id"], "x.csv: expected a column among 'column0', 'column1', got 'id'"),
        ("1,2\n", ["-o", "missing/x.gomap"], "-o/--output: there is no directory 'missing' for 'x.gomap'"),
        ("1,2\n", ["-o", "."], "-o/--output: '.' is a directory"),
        ("1,2\n", ["-o", "x.csv"], "-o/--output: expected another file than the one that is read, got 'x.csv'"),
    ],
)
def test_what_cannot_be_built(
    here: Path, capsys: pytest.CaptureFixture[str], rows: str, options: list[str], message: str
) -> None:
    Path("x.csv").write_text(rows)
    Path("x.gomap").write_text("before")
    assert main(["build", "x.csv", "-o", "x.gomap", *options]) == 2
    out, err = capsys.readouterr()
    said = err.splitlines()[-1]  # above it may be what is remarkable about the file
    assert out == ""
    assert said.startswith("gomap: error: ")
    assert message in said
    assert Path("x.csv").read_text() == rows
    assert Path("x.gomap").read_text() == "before"
    assert sorted(each.name for each in here.iterdir()) == ["x.csv", "x.gomap"]


def test_files_that_are_not_there(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, "build", "x.csv", "-o", "x.gomap", code=1)
    assert said == "cannot read x.csv: No such file or directory"
    assert "the following arguments are required: -o/--output" in refused(capsys, "build", "x.csv")
    assert "the following arguments are required: DATA" in refused(capsys, "build", "-o", "x.gomap")
    assert list(here.iterdir()) == []


@POSIX  # Windows keeps a file that is mapped
def test_a_file_takes_the_place_of_another(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("x.csv").write_text("1,2\n")
    shown(capsys, "build", "x.csv", "-o", "x.gomap")
    before = Map.open("x.gomap")
    Path("link.gomap").symlink_to("x.gomap")
    Path("x.csv").write_text("3,4\n")
    shown(capsys, "build", "x.csv", "-o", "link.gomap")
    assert dict(before) == {1: 2}  # it is over the file that was there
    assert Path("link.gomap").is_symlink()
    assert dict(Map.open("x.gomap")) == {3: 4}
    assert sorted(each.name for each in here.iterdir()) == ["link.gomap", "x.csv", "x.gomap"]


@LINUX
def test_devices_are_not_replaced(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("x.csv").write_text("1,2\n")
    for path in ("/dev/null", "/dev/full"):
        said = refused(capsys, "build", "x.csv", "-o", path)
        assert said == f"-o/--output: {path!r} is no regular file, and cannot be replaced by one"
    assert "cannot write /proc/x.gomap: " in refused(capsys, "build", "x.csv", "-o", "/proc/x.gomap", code=1)


@NOT_ROOT
def test_a_directory_that_must_not_be_written(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("x.csv").write_text("1,2\n")
    directory = here / "shut"
    directory.mkdir()
    (directory / "there.gomap").write_text("before")
    directory.chmod(0o500)
    for name in ("new.gomap", "there.gomap"):  # the second may be written to, but not replaced
        assert "there is no permission to write" in refused(capsys, "build", "x.csv", "-o", f"shut/{name}")
    assert (directory / "there.gomap").read_text() == "before"


@POSIX
def test_a_disk_that_is_full(here: Path) -> None:
    Path("x.csv").write_text("".join(f"{i},{i}\n" for i in range(50_000)))
    Path("x.gomap").write_text("before")
    line = 'ulimit -f 8; exec "$0" -m gomap build x.csv -o x.gomap'
    script = (
        "import os, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"os.execvp('sh', {['sh', '-c', line, sys.executable]!r})"
    )
    found = run(command=[sys.executable, "-c", script], cwd=here)
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == "gomap: error: cannot write x.gomap: File too large\n"
    assert Path("x.gomap").read_text() == "before"
    assert sorted(each.name for each in here.iterdir()) == ["x.csv", "x.gomap"]


# ---- info and verify --------------------------------------------------------------------------------


def test_info(words: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = info(words)
    assert shown(capsys, "info", "words.gomap") == f"{found}\n"
    figures = in_json(capsys, "info", "words.gomap")
    assert figures["file"] == "words.gomap"
    assert (figures["key"], figures["value"]) == ("string", "struct{n uint16; text string}")
    assert (figures["entries"], figures["nbytes"], figures["saved_by"]) == (3000, words.stat().st_size, "Map")
    assert figures["bytes_per_entry"] == words.stat().st_size / 3000
    assert (figures["version"], figures["checksum"]) == (found.version, found.checksum)
    assert [each["name"] for each in figures["sections"]][:2] == ["tags", "slots"]
    assert "key strings" in {each["name"] for each in figures["sections"]}
    assert all(len(each["checksum"]) == 16 for each in figures["sections"])


@pytest.mark.parametrize(
    ("saved", "by"), [(Map(int, int), "Map"), (GoMap(int, int, {1: 2}), "GoMap"), (Set(str, ["a"]), "Set")]
)
def test_who_saved_it(here: Path, capsys: pytest.CaptureFixture[str], saved: Any, by: str) -> None:
    saved.save("x.gomap")
    assert in_json(capsys, "info", "x.gomap")["saved_by"] == by
    assert shown(capsys, "info", "x.gomap").startswith(f"saved by  {by}\n")


def test_verify(words: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nbytes = words.stat().st_size
    assert shown(capsys, "verify", "words.gomap") == f"words.gomap: good, 3,000 entries in {nbytes:,} bytes checked\n"
    figures = in_json(capsys, "verify", "words.gomap")
    assert (figures["good"], figures["entries"], figures["nbytes"]) == (True, 3000, nbytes)
    assert figures["checksum"] == info(words).checksum


def wrong_files(content: bytes, described: FileInfo) -> Iterator[tuple[str, bytes, str, bool]]:
    """What a saved map becomes: a name, its bytes, what is said, and whether its head tells."""
    yield "empty", b"", "expected a saved map, got an empty file", True
    yield "foreign", b"id,x\n1,2\n" * 1000, "expected a saved map, got something else", True
    yield "short", b"gomap", "expected a saved map", True
    yield "head", content[:100], "", True
    yield "cut", content[:-1], "the saved map is cut off", True
    yield "half", content[: len(content) // 2], "the saved map is cut off", True
    for section in described.sections:
        flipped = bytearray(content)
        flipped[section.offset + section.nbytes // 2] ^= 4
        yield f"flipped in {section.name} {section.size_class}", bytes(flipped), "the saved map is damaged", False
    flipped = bytearray(content)
    flipped[40] ^= 1
    yield "flipped in the head", bytes(flipped), "", True


def test_wrong_files(words: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = words.read_bytes()
    for name, wrong, message, in_head in wrong_files(content, info(words)):
        words.write_bytes(wrong)
        for options in ([], ["--json"]):
            said = refused(capsys, "verify", "words.gomap", *options, code=1)
            assert "words.gomap'" in said, name
            assert message in said, name
            if in_head:
                assert refused(capsys, "info", "words.gomap", *options) == said, name
                assert "words.gomap'" in refused(capsys, "get", "words.gomap", "some", *options), name
        if not in_head:
            assert info(words).entries == 3000
            assert main(["get", "words.gomap", "some", *(f"größe {i}: " for i in range(0, 3000, 9))]) in (0, 1, 2)
            capsys.readouterr()
    words.write_bytes(content)
    assert main(["verify", "words.gomap"]) == 0


def test_every_byte_counts(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Map(int, str, {i: "text " * i for i in range(9)}).save("x.gomap")
    content = Path("x.gomap").read_bytes()
    covered = [range(each.offset, each.offset + each.nbytes) for each in info("x.gomap").sections]
    for at in random.Random(5).sample([at for section in covered for at in section], 60):
        flipped = bytearray(content)
        flipped[at] ^= 1 << (at % 8)
        Path("x.gomap").write_bytes(flipped)
        assert "the saved map is damaged" in refused(capsys, "verify", "x.gomap", code=1)


@pytest.mark.parametrize(("command", "code"), [("info", 1), ("verify", 1), ("get", 2)])
def test_files_that_cannot_be_read(here: Path, capsys: pytest.CaptureFixture[str], command: str, code: int) -> None:
    keys = ["1"] if command == "get" else []
    assert refused(capsys, command, "x.gomap", *keys, code=code) == "cannot read x.gomap: No such file or directory"
    (here / "x.gomap").mkdir()
    assert refused(capsys, command, "x.gomap", *keys, code=code).startswith("cannot read x.gomap: ")
    assert "the following arguments are required: FILE" in refused(capsys, command)


@POSIX
def test_pipes_are_no_saved_maps(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo("x.gomap")
    for command, code in (("info", 2), ("verify", 1)):
        assert "something that is no regular file" in refused(capsys, command, "x.gomap", code=code)
    assert "something that is no regular file" in refused(capsys, "get", "x.gomap", "1")


def test_options_of_another_command(words: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, "-n", "3", "info", "words.gomap") == "info: expected -n behind the command"
    assert "unrecognized arguments" in refused(capsys, "verify", "words.gomap", "-n", "3")


# ---- get --------------------------------------------------------------------------------------------


def test_get(words: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, "get", "words.gomap", "größe 0: ") == '0,"wert, 0"\n'
    assert shown(capsys, "get", "words.gomap", "größe 9: ", "größe 0: ") == '9,"wert, 9"\n0,"wert, 0"\n'
    found = shown(capsys, "get", "words.gomap", "größe", "größe 0: ", code=1, err="gomap: not found: 'größe'\n")
    assert found == '0,"wert, 0"\n'
    assert shown(capsys, "get", "words.gomap", "größe", "-q", code=1) == ""
    figures = in_json(capsys, "get", "words.gomap", "größe 9: ", "größe", "-q", code=1)
    assert figures["missing"] == 1
    assert figures["found"] == [
        {"key": "größe 9: ", "there": True, "value": {"n": 9, "text": "wert, 9"}},
        {"key": "größe", "there": False},
    ]


def test_get_of_a_set(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Set("uuid", [ID]).save("x.gomap")
    assert shown(capsys, "get", "x.gomap", ID.hex.upper()) == f"{ID}\n"
    assert shown(capsys, "get", "x.gomap", str(UUID(int=1)), "-q", code=1) == ""
    assert in_json(capsys, "get", "x.gomap", str(ID))["found"] == [{"key": str(ID), "there": True}]
    Map(int, None, {1: None}).save("y.gomap")
    assert shown(capsys, "get", "y.gomap", "1", "2", "-q", code=1) == "1\n"


def test_keys_that_begin_with_a_minus(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Map(int, int, {-5: 1, -7: 2}).save("x.gomap")
    assert shown(capsys, "get", "x.gomap", "-5", "-7") == "1\n2\n"
    Map("struct{x int; y int}", int, {(-1, -2): 3}).save("y.gomap")
    assert shown(capsys, "get", "y.gomap", "--", "-1,-2") == "3\n"
    Map(str, int, {"-q": 4}).save("z.gomap")
    assert shown(capsys, "get", "z.gomap", "--", "-q") == "4\n"


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("int", "x", "key: expected a whole number for int, got 'x'"),
        ("int", "1.5", "key: expected a whole number for int, got '1.5'"),
        ("int", "9" * 5000, "key: expected a whole number for int, got '999"),
        ("float32", "x", "key: expected a number for float32, got 'x'"),
        ("bool", "yes", "key: expected true or false for bool, got 'yes'"),
        ("[2]byte", "abc", "key: expected 2 bytes as text or 4 hexadecimal digits for [2]byte, got 'abc'"),
        ("[1]byte", "ü", "key: expected 1 byte as text or 2 hexadecimal digits for [1]byte, got 'ü'"),
        ("bytes", "0xabc", "key: expected pairs of hexadecimal digits behind 0x for bytes, got '0xabc'"),
        ("date", "1.7.2024", "key: expected a date such as 2024-07-01 for date, got '1.7.2024'"),
        ("datetime", "noon", "key: expected a time such as 2024-07-01T12:30:00 for datetime64[us], got 'noon'"),
        ("datetime", "2024-07-01T12:30Z", "without a zone, for datetime64[us]"),
        ("datetime64[s, UTC]", "2024-07-01T12:30", "with its zone, for datetime64[s, UTC]"),
        ("datetime", "2024-07-01T12:30:00.1234567", "nothing finer than the unit"),
        ("timedelta", "long", "key: expected seconds, or a duration such as 1:30:00"),
        ("timedelta", "0.0000001", "that it can hold, for timedelta64[us]"),
        ("uuid", "x", "key: expected a UUID of 32 hexadecimal digits for uuid, got 'x'"),
        ("struct{a int; b string}", "1", "expected 2 fields with commas between them for struct{a int; b string}"),
        ("struct{a int; b string}", "x,y", "key: field 'a': expected a whole number for int, got 'x'"),
        ("struct{a int; b string}", '1,"y', "expected 2 fields with commas between them"),
        ("struct{a int; b string}", "1,2\n3,4", "expected 2 fields with commas between them"),
    ],
)
def test_keys_that_are_none(here: Path, capsys: pytest.CaptureFixture[str], key: str, text: str, message: str) -> None:
    Map(key, int).save("x.gomap")
    said = refused(capsys, "get", "x.gomap", text)
    assert message in said
    assert len(said) < 250
    assert message in refused(capsys, "get", "x.gomap", text, "--json")


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("uint8", "300"),
        ("uint8", "-1"),
        ("int", "9" * 30),
        ("datetime64[s]", "2024-07-01T12:30:00.5"),
        ("float32", "0.1"),
    ],
)
def test_keys_that_no_entry_can_have(here: Path, capsys: pytest.CaptureFixture[str], key: str, text: str) -> None:
    Map(key, int).save("x.gomap")
    assert shown(capsys, "get", "x.gomap", text, code=1, err=None) == ""


def test_keys_on_standard_input(here: Path) -> None:
    Map(str, str, {"größe": "zwölf", "": "nothing", "a\r": "odd", "x y": "two\nlines"}).save("x.gomap")

    def looked_up(given: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*COMMAND, "get", "x.gomap", *arguments], input=given, check=False, capture_output=True, timeout=60
        )

    found = looked_up("größe\n\nx y".encode(), "-")
    assert (found.returncode, found.stdout.decode(), found.stderr) == (0, "zwölf\nnothing\ntwo\nlines\n", b"")
    found = looked_up(b"x y\r\n", "größe", "-", "")
    assert (found.returncode, found.stdout.decode()) == (0, "zwölf\ntwo\nlines\nnothing\n")
    found = looked_up(b"x\n\xff\n", "-")
    assert (found.returncode, found.stdout) == (2, b"")
    assert b"standard input, line 2: expected text in UTF-8, got b'\\xff\\n'" in found.stderr
    found = looked_up(b"", "-", "--json")
    assert json.loads(found.stdout)["found"] == []
    Map(int, int, {7: 8}).save("x.gomap")
    found = looked_up(b"7\nseven\n7\n", "-")
    assert (found.returncode, found.stdout) == (2, b"8\n")
    assert found.stderr == (b"gomap: error: standard input, line 2: expected a whole number for int, got 'seven'\n")


@pytest.mark.long
@POSIX
def test_streams_that_are_closed(words: Path) -> None:
    def in_a_shell(line: str) -> subprocess.CompletedProcess[str]:
        return run(command=["sh", "-c", line, sys.executable], cwd=words.parent)

    found = in_a_shell('exec "$0" -m gomap get words.gomap - <&-')
    assert found.returncode == 2
    assert found.stderr == "gomap: error: cannot read standard input: it is closed\n"
    for arguments in (
        "get words.gomap 'größe 0: '",
        "info words.gomap",
        "verify words.gomap",
        "get words.gomap x -q --json",
    ):
        found = in_a_shell(f'{{ sleep 0.2; "$0" -m gomap {arguments}; echo code $? >&2; }} | true')
        assert (found.stdout, found.stderr) == ("", "code 141\n")
    found = in_a_shell('exec "$0" -m gomap info words.gomap >&-')
    assert (found.returncode, found.stderr) == (1, "gomap: error: cannot write to standard output: it is closed\n")
    every = "import gomap; print(*gomap.Map.open('words.gomap'), sep='\\n')"
    keys = f'"$0" -c "{every}" 2>&-'
    found = in_a_shell(f'{keys} | {{ "$0" -m gomap get words.gomap -; echo code $? >&2; }} | head -1')
    assert found.stdout.count("\n") == 1
    assert found.stderr in ("code 141\n", "code 0\n")
    if sys.platform == "linux":
        found = in_a_shell('exec "$0" -m gomap get words.gomap "größe 0: " >/dev/full')
        assert found.returncode == 2  # 1 would say that the key is not there
        assert found.stderr == "gomap: error: cannot write to standard output: No space left on device\n"


@pytest.mark.long
@LINUX
def test_names_that_are_no_text(tmp_path: Path) -> None:
    for name in (b"by\xffte.gomap", "größe.gomap".encode(), b"two\nlines\x1b[31m.gomap"):
        Map(int, int, {1: 2}).save(tmp_path / os.fsdecode(name))
        for command in (["info", name], ["verify", name], ["get", name, "1"], ["info", name, "--json"]):
            found = run(*command, cwd=tmp_path, env={"PYTHONIOENCODING": "ascii"})
            assert (found.returncode, found.stderr) == (0, "")
            assert "\x1b" not in found.stdout
        found = run("verify", name + b"x", cwd=tmp_path)
        assert (found.returncode, found.stderr.count("\n")) == (1, 1)
        assert "\x1b" not in found.stderr


@pytest.mark.parametrize("command", ["build", "info", "verify", "get"])
@pytest.mark.parametrize("columns", ["40", "200"])
def test_help(command: str, columns: str) -> None:
    found = run(command, "--help", env={"COLUMNS": columns})
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.startswith(f"usage: gomap {command} [-h]")
    assert "--json" in found.stdout
    assert f"\n    {command} " in run("--help").stdout


# ---- the guide ----------------------------------------------------------------------------------------


@POSIX
def test_the_guide(tmp_path: Path) -> None:
    document = Path(__file__).parent.parent / "docs" / "guide.md"
    if not document.exists():
        pytest.skip("docs are not beside the tests")
    section = document.read_text(encoding="utf-8").split("\n## Saved maps on the command line\n")[1]
    written = re.search("(?s)```console\n(.*?)```", section)
    assert written is not None
    rows = "".join(f"Stadt {i},DE,{i / 64},{i * 500}\n" for i in range(2000))
    table = "city,country,latitude,people\nAachen,DE,50.7753,249070\nAalborg,DK,57.048,143598\n"
    (tmp_path / "cities.csv").write_text(table + rows)
    # What is measured is another number each time.
    figures = re.compile(r" {2,}[0-9][0-9,.]*|[0-9][0-9,.]* (entries|bytes|s)\b")
    printed = []
    for command in re.findall(r"(?m)^\$ (.*)$", written[1]):
        line = f'gomap() {{ "$0" -m gomap "$@"; }}; {{ {command}; }} 2>&1'
        found = run(command=["sh", "-c", line, sys.executable], cwd=tmp_path, env={"COLUMNS": "80"})
        assert found.returncode == 0
        printed.append(f"$ {command}\n{found.stdout}{found.stderr}")
    assert figures.sub("N", "".join(printed)).replace(" ", "") == figures.sub("N", written[1]).replace(" ", "")


# ---- values as text ---------------------------------------------------------------------------------

TEXTS: list[tuple[str, str, Any, str]] = [
    ("int", "42", 42, "42"),
    ("int8", "-5", -5, "-5"),
    ("uint64", " 18446744073709551615 ", 2**64 - 1, "18446744073709551615"),
    ("float64", "0.1", 0.1, "0.1"),
    ("float64", "1e300", 1e300, "1e+300"),
    ("float64", "-inf", float("-inf"), "-inf"),
    ("bool", "TRUE", True, "true"),
    ("bool", "0", False, "false"),
    ("string", " as it is, \n", " as it is, \n", " as it is, \n"),
    ("[2]byte", "ab", b"ab", "0x6162"),
    ("[2]byte", "00ff", b"\x00\xff", "0x00ff"),
    ("[2]byte", "0x00FF", b"\x00\xff", "0x00ff"),
    ("[2]byte", "0x", b"0x", "0x3078"),
    ("[1]byte", "a", b"a", "0x61"),
    ("[4]byte", "0xab", b"0xab", "0x30786162"),
    ("bytes", "00ff", b"00ff", "0x30306666"),
    ("bytes", "0x00ff", b"\x00\xff", "0x00ff"),
    ("bytes", "0x", b"", "0x"),
    ("bytes", "ü", "ü".encode(), "0xc3bc"),
    ("date", "2024-07-01", date(2024, 7, 1), "2024-07-01"),
    ("datetime", "2024-07-01 12:30", datetime(2024, 7, 1, 12, 30), "2024-07-01T12:30:00"),
    ("datetime", "2024-07-01", datetime(2024, 7, 1), "2024-07-01T00:00:00"),
    ("datetime", "2024-07-01T00:00:00.1234560", datetime(2024, 7, 1, 0, 0, 0, 123456), "2024-07-01T00:00:00.123456"),
    (
        "datetime64[us, UTC]",
        "2024-07-01T12:30:00+02:00",
        datetime(2024, 7, 1, 10, 30, tzinfo=UTC),
        "2024-07-01T10:30:00+00:00",
    ),
    ("timedelta", "90", timedelta(seconds=90), "0:01:30"),
    ("timedelta", "-0.5", timedelta(seconds=-0.5), "-1 day, 23:59:59.500000"),
    ("timedelta", "2 days, 1:00:00.25", timedelta(days=2, hours=1, microseconds=250_000), "2 days, 1:00:00.250000"),
    ("uuid", "{2F8B6F0E5D3C4C1E9B0A7D5C2F1E8A34}", ID, str(ID)),
    ("struct{a int; b string}", '1,"x, ""y"""', (1, 'x, "y"'), '1,"x, ""y"""'),
    ("struct{a string}", "", ("",), '""'),
    ("struct{a string; b string}", "a, b", ("a", " b"), "a, b"),
    ("struct{a string; b bool}", f"{'x' * 200_000},true", ("x" * 200_000, True), f"{'x' * 200_000},true"),
    (
        "struct{a struct{x int; y bool}; b date}",
        "1,true,2024-07-01",
        ((1, True), date(2024, 7, 1)),
        "1,true,2024-07-01",
    ),
]


@pytest.mark.parametrize(("spelling", "text", "value", "written"), TEXTS)
def test_texts(spelling: str, text: str, value: Any, written: str) -> None:
    type = parse(spelling)
    if text:
        found = read(type, text)
        assert found == value
    m = Map(int, type, {1: value})  # what a map gives is written
    assert text_of(type, m[1]) == written
    assert read(type, written) == m[1]
    json.dumps(json_of(type, m[1]), allow_nan=False)


@pytest.mark.skipif(not HAS_NUMPY, reason="nanoseconds take NumPy")
@pytest.mark.parametrize(
    ("spelling", "text", "written"),
    [
        ("datetime64[ns]", "2024-07-01T12:30:00.123456789", "2024-07-01T12:30:00.123456789"),
        ("datetime64[ns]", "2024-07-01T12:30:00.1234567", "2024-07-01T12:30:00.123456700"),
        ("datetime64[ns]", "2024-07-01", "2024-07-01T00:00:00.000000000"),
        ("datetime64[ns, UTC]", "2024-07-01T12:30:00.000000001+02:00", "2024-07-01T10:30:00.000000001+00:00"),
        ("timedelta64[ns]", "1.000000001", "0:00:01.000000001"),
        ("timedelta64[ns]", "0.000000001", "0:00:00.000000001"),
        ("timedelta64[ns]", "-0.000000001", "-1 day, 23:59:59.999999999"),
        ("timedelta64[ns]", "1 day, 0:00:00", "1 day, 0:00:00"),
        ("struct{at datetime64[ns]}", "2024-07-01T12:30:00.123456789", "2024-07-01T12:30:00.123456789"),
    ],
)
def test_nanoseconds(spelling: str, text: str, written: str) -> None:
    type = parse(spelling)
    m = Map(int, type, {1: read(type, text)})
    assert text_of(type, m[1]) == written
    m[2] = read(type, written)
    assert m[1] == m[2]


def test_values_as_json() -> None:
    def found(spelling: str, value: Any) -> Any:
        return json_of(parse(spelling), Map(int, spelling, {1: value})[1])

    assert found("float64", float("nan")) == "nan"
    assert found("float64", float("-inf")) == "-inf"
    assert found("uint64", 2**64 - 1) == 2**64 - 1
    assert found("[2]byte", b"ab") == "0x6162"
    assert found("struct{a struct{x int; y uuid}; b bool}", ((1, ID), True)) == {"a": {"x": 1, "y": str(ID)}, "b": True}


def test_cells_that_fit_as_they_are() -> None:
    for spelling, cell in (("int", 1), ("string", "a"), ("float64", 1), ("struct{a int; b string}", (1, "a"))):
        assert fitting(parse(spelling), cell) is None
    convert = fitting(parse("struct{a string; b date}"), (7, "2024-07-01"))
    assert convert is not None
    assert convert((8, "2024-07-02")) == ("8", date(2024, 7, 2))


def test_columns_are_fields_by_name_or_in_order(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("x.csv").write_text("id,day,n\n7,2024-07-01,1\n")
    for value in ("struct{n int; day date}", "struct{n int; day string}"):
        shown(capsys, "build", "x.csv", "-o", "x.gomap", "--value", value)
        assert Map.open("x.gomap")[7].n == 1
    for value in ("struct{a date; b uint8}", "struct{a string; b string}"):
        shown(capsys, "build", "x.csv", "-o", "x.gomap", "--value", value)
        assert int(Map.open("x.gomap")[7].b) == 1


def test_rows_in_cells(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = {"1": {"in": {"a b": 5, "day": "2024-07-01"}, "y": 2}, "2": {"in": {"day": "", "a b": 6}, "y": 3}}
    Path("x.json").write_text(json.dumps(rows))
    shown(capsys, "build", "x.json", "-o", "x.gomap")
    assert dict(Map.open("x.gomap")) == {1: ((5, "2024-07-01"), 2), 2: ((6, ""), 3)}
    Path("x.json").write_text('{"1": {"x": {"day": "2024-07-01", "n": 5}}}')
    shown(capsys, "build", "x.json", "-o", "x.gomap", "--value", "struct{n int; day date}")
    assert Map.open("x.gomap")[1] == (5, date(2024, 7, 1))
    for other in ("null", '{"day": "2024-07-01"}', '{"day": null, "n": 5}', "[1, 2]"):
        Path("x.json").write_text(f'[[1, {{"day": "2024-07-01", "n": 5}}], [2, {other}]]')
        assert main(["build", "x.json", "-o", "y.gomap", "--value", "struct{n int; day date}"]) == 2
        assert capsys.readouterr().err.splitlines()[-1].startswith("gomap: error: x.json: value: ")
    assert not Path("y.gomap").exists()


@POSIX
def test_interrupted(here: Path) -> None:
    Path("x.csv").write_text("".join(f"{i},{i}\n" for i in range(400_000)))
    Path("x.gomap").write_text("before")
    process, terminal = in_terminal("build", "x.csv", "-o", "x.gomap")
    said = b""
    while b"finding the types" not in said:  # the progress, which only a terminal shows
        said += os.read(terminal, 1000)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    os.close(terminal)
    assert (process.returncode, out) == (130, b"")
    assert Path("x.gomap").read_text() == "before"
    assert sorted(each.name for each in here.iterdir()) == ["x.csv", "x.gomap"]

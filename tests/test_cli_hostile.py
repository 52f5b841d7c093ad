"""Streams, numbers, types and mappings that are none: a line says so, the exit code is 1, 2, 130 or 141, and
there is no traceback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import Any

import pytest
from command import COMMAND, LINUX, POSIX, refused, run

from gomap import Map, advise, compare, estimate
from gomap._cli import main
from gomap._cli.common import read_count
from gomap._display import Progress
from gomap._words import number, printable, shown, told
from gomap.measure import RunError, ScenarioError
from gomap.measure.entries import Stored, write
from gomap.measure.fill_and_empty import measure

pytestmark = pytest.mark.long

# ---- standard streams -------------------------------------------------------------------------------


PRINTING = [
    ["--help"],
    ["--version"],
    ["compare", "--help"],
    ["-n", "3"],
    ["-n", "3", "--json"],
    ["timeline", "-n", "3"],
    ["estimate"],
    ["advise", "entries.csv"],
    ["compare", "-n", "3"],
    ["compare", "-n", "3", "--csv"],
]


def through_a_shell(line: str, arguments: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    (cwd / "entries.csv").write_text("id,x\n1,2\n3,4\n")
    return run(*arguments, command=["sh", "-c", line, sys.executable], cwd=cwd)


@POSIX
@pytest.mark.parametrize("arguments", PRINTING)
@pytest.mark.parametrize(
    ("where", "code", "message"),
    [
        (">&-", 1, "gomap: error: cannot write to standard output: it is closed\n"),
        pytest.param(
            *(">/dev/full", 1, "gomap: error: cannot write to standard output: No space left on device\n"),
            marks=LINUX,
        ),
        ("2>&-", 0, ""),
        ("<&- 2>&-", 0, ""),
        pytest.param("2>/dev/full", 0, "", marks=LINUX),
    ],
)
def test_streams_that_cannot_be_written(
    tmp_path: Path, arguments: list[str], where: str, code: int, message: str
) -> None:
    for unbuffered in ("", "1") if where == ">/dev/full" else ("",):
        line = f'PYTHONUNBUFFERED={unbuffered} exec "$0" -m gomap "$@" {where}'
        found = through_a_shell(line, arguments, tmp_path)
        assert (found.returncode, found.stderr) == (code, message)
        assert bool(found.stdout) == (code == 0)


@POSIX
@pytest.mark.parametrize("where", ["2>&-", "2>/dev/full"])
def test_errors_that_nobody_can_read(tmp_path: Path, where: str) -> None:
    if "full" in where and sys.platform != "linux":
        pytest.skip("there is no /dev/full")
    found = through_a_shell(f'exec "$0" -m gomap "$@" {where}', ["-n", "0"], tmp_path)
    assert (found.returncode, found.stdout, found.stderr) == (2, "", "")


@POSIX
@pytest.mark.parametrize("arguments", PRINTING)
def test_a_pipe_without_a_reader(tmp_path: Path, arguments: list[str]) -> None:
    # The reader is gone before anything is written; or perhaps after a line.
    for unbuffered in ("", "1"):
        line = f'{{ sleep 0.2; PYTHONUNBUFFERED={unbuffered} "$0" -m gomap "$@"; echo code $? >&2; }} | true'
        found = through_a_shell(line, arguments, tmp_path)
        assert (found.returncode, found.stdout, found.stderr) == (0, "", "code 141\n")
    found = through_a_shell('{ "$0" -m gomap "$@"; echo code $? >&2; } | head -1', arguments, tmp_path)
    assert found.stdout.count("\n") == 1
    assert found.stderr in ("code 0\n", "code 141\n")


@POSIX
def test_a_terminal_that_goes_away() -> None:
    import pty

    terminal, inside = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "compare", "-n", "200k", "--json"],
        stdout=subprocess.PIPE,
        stderr=inside,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(inside)
    shown = b""
    while b"starting" not in shown:
        shown += os.read(terminal, 1000)
    os.close(terminal)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert json.loads(out)["entries"] == 200_000


def test_progress_without_a_stream() -> None:
    progress = Progress(None)
    progress.update("going")
    progress.clear()


def test_text_that_the_output_cannot_encode(tmp_path: Path) -> None:
    (tmp_path / "größe.csv").write_text("größe,x\n1,2\n3,4\n")
    env = {"PYTHONIOENCODING": "ascii"}
    found = run("compare", "größe.csv", "--html", "page.html", cwd=tmp_path, env=env)
    assert (found.returncode, found.stderr) == (0, "")
    assert "2 entries of gr\\xf6\\xdfe.csv" in found.stdout
    assert "größe.csv" in (tmp_path / "page.html").read_text(encoding="utf-8")
    found = run("advise", "große.csv", cwd=tmp_path, env=env)
    assert (found.returncode, found.stdout) == (1, "")


@LINUX
def test_names_that_are_no_text(tmp_path: Path) -> None:
    for name in (b"by\xffte.csv", b"two\nlines\x1b[31m.csv"):
        (tmp_path / os.fsdecode(name)).write_text("id,x\n1,2\n")
        found = run("compare", name, "--html", "page.html", cwd=tmp_path)
        assert (found.returncode, found.stderr) == (0, "")
        assert "\x1b" not in found.stdout
        found = run("compare", name + b".csv", cwd=tmp_path)
        assert (found.returncode, found.stderr.count("\n")) == (1, 1)
        assert "\x1b" not in found.stderr


# ---- files to be written ----------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["compare --html", "timeline --plot", "bench --output"])
@pytest.mark.parametrize("name", ["missing/x.svg", "there.svg", "file/x.svg", "a" * 300 + "/x.svg"])
def test_a_file_that_cannot_be_written(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    option: str,
    name: str,
) -> None:
    for command, needs in (("bench", "pyperf"), ("timeline", "matplotlib")):
        if option.startswith(command):
            pytest.importorskip(needs)
    (tmp_path / "there.svg").mkdir()
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    said = refused(capsys, *option.split(), name, "-n", "3")
    assert "there is no directory" in said or "is a directory" in said


@LINUX
def test_figures_are_shown_before_a_file_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full.svg").symlink_to("/dev/full")
    assert main(["compare", "-n", "3", "--html", "full.svg"]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("3 entries of random numbers")
    assert err == "gomap: error: cannot write full.svg: No space left on device\n"
    pytest.importorskip("matplotlib", reason="pictures are drawn by matplotlib")
    assert main(["timeline", "-n", "3", "--plot", "full.svg"]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("3 customers come and go")
    assert err == "gomap: error: cannot write full.svg: No space left on device\n"


def test_no_place_for_the_entries(tmp_path: Path) -> None:
    (tmp_path / "entries.csv").write_text("id,x\n1,2\n3,4\n")
    if sys.platform == "win32" or not os.path.isdir("/proc"):
        pytest.skip("a directory that nothing can be written in")
    script = (
        "import tempfile, sys; tempfile.tempdir = '/proc'\nfrom gomap._cli import main\nsys.exit(main(sys.argv[1:]))"
    )
    found = run("compare", "entries.csv", command=[sys.executable, "-c", script], cwd=tmp_path)
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.startswith("gomap: error: cannot write the entries for other processes: ")
    assert found.stderr.count("\n") == 1


# ---- numbers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *("1e99999999", "1e-99999999", "1e999999999999999999999", "0e99999999", "1e18", "9" * 5000),
        *(
            "-5",
            "-1",
            "0",
            "0.5",
            "1e-3",
            "nan",
            "sNaN",
            "inf",
            "Infinity",
            "",
            " ",
            "k",
            "1kk",
            "0x10",
            "1,5.5",
        ),
        *("1.0000000000000000000000000000000001", "1 2", "one", "5\x00"[:1] + "\n6", "\ud800"),
    ],
)
@pytest.mark.parametrize(
    "option", ["fill -n", "timeline -n", "timeline --remaining", "compare -n", "estimate -n", "bench -n"]
)
def test_numbers_of_entries(capsys: pytest.CaptureFixture[str], option: str, text: str) -> None:
    command, name = option.split()
    said = refused(capsys, command, f"{name}={text}" if name.startswith("--") else f"{name}{text}")
    assert re.search("expected (a whole number such as|at least 1|at most 18 digits|one argument)", said)
    assert len(said) < 250


@pytest.mark.parametrize(
    ("text", "count"), [("1e17", 10**17), ("999999999g"[:9], 999999999), ("1.50k", 1500), ("1_0,0.00", 100)]
)
def test_numbers_that_are_read(text: str, count: int) -> None:
    assert read_count(text) == count


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "-inf", "1e400", "4294967296", "", "x" * 5000])
@pytest.mark.parametrize("option", ["--key-bytes", "--value-bytes"])
def test_numbers_of_bytes(capsys: pytest.CaptureFixture[str], option: str, text: str) -> None:
    said = refused(capsys, "estimate", "--key=string", "--value=string", f"{option}={text}")
    assert "expected a number of bytes, got" in said
    assert len(said) < 150


@LINUX
@pytest.mark.parametrize("command", ["fill", "timeline", "compare", "bench"])
def test_more_than_there_is_memory_for(capsys: pytest.CaptureFixture[str], command: str) -> None:
    if command == "bench":
        pytest.importorskip("pyperf")
    assert " GB of memory; " in refused(capsys, command, "-n", "9e17", "--key", "string")


@pytest.mark.parametrize("wrong", ["many", 2.5, None, True, [1]])
def test_numbers_that_are_none(wrong: Any) -> None:
    with pytest.raises(TypeError, match="^entries: expected int, got "):
        measure(wrong)
    if wrong is not None:
        with pytest.raises(TypeError, match="^n: expected int, got "):
            compare(n=wrong)


@pytest.mark.parametrize("huge", [10**5000, 2**63], ids=["huge", "large"])
def test_numbers_that_are_too_large(huge: int) -> None:
    for key in (int, str, "uint8"):
        with pytest.raises(ScenarioError, match="^expected (a number of|at most) .*, got (an int|9,223)"):
            compare(key=key, n=huge)
    with pytest.raises(ScenarioError):
        measure(huge)
    with pytest.raises(ValueError, match="^n: expected at most"):
        estimate(int, int, huge)
    with pytest.raises(ScenarioError, match="^expected at least 1 entry, got an int of 16,610 bits$"):
        measure(-(10**5000))
    with pytest.raises(ScenarioError, match="^jobs: expected at least 1, got 0$"):
        measure(3, jobs=0)


def test_operations_that_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("", ",", ",,"):
        assert refused(capsys, "bench", f"--only={text}").endswith(", got none")


@pytest.mark.parametrize("spelling", ["in\x0bt", "a\u2028b", "\ud800", "struct{a " * 1000, "x\x1b[31m", ""])
def test_types_that_are_none(capsys: pytest.CaptureFixture[str], spelling: str) -> None:
    assert " at character " in refused(capsys, "estimate", f"--value={spelling}")


def test_a_job_that_no_argument_could_hold() -> None:
    value = f"struct{{{'; '.join(f'{chr(97 + i % 26) * 250}{i} bool' for i in range(600))}}}"
    assert len(value) > 2**17
    assert compare(value=value, n=3).subjects[1].value == value


# ---- mappings that do not tell the truth ------------------------------------------------------------


class Lying(Mapping[int, int]):
    """Has three entries."""

    def __init__(self, length: Any, keys: Any = (1, 2, 3), values: Any = None) -> None:
        self.length, self.own, self.values_of = length, keys, values or {1: 10, 2: 20, 3: 30}

    def __len__(self) -> int:
        if isinstance(self.length, Exception):
            raise self.length
        length: int = self.length
        return length

    def __iter__(self) -> Iterator[int]:
        return iter(self.own) if not callable(self.own) else self.own()

    def __getitem__(self, key: int) -> int:
        found: int = self.values_of[key]
        return found


class LyingSet(Set[int]):
    def __init__(self, length: int) -> None:
        self.length = length

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[int]:
        return iter((1, 2, 3))

    def __contains__(self, thing: object) -> bool:
        return True


def without_end() -> Iterator[int]:
    i = 0
    while True:
        yield (i := i + 1)


@pytest.mark.parametrize("sample", [None, 1, 2, 10**11])
@pytest.mark.parametrize("length", [0, 1, 2, 4, 10**12, sys.maxsize])
def test_lengths_that_are_not_true(length: int, sample: int | None) -> None:
    for lying in (Lying(length), LyingSet(length)):
        if sample is not None and length == 0:
            continue
        message = f"^the Lying.* changed while it was read, or is not what it says: it has {length:,} entries"
        with pytest.raises(RuntimeError, match=message):
            advise(lying, sample=sample)
        with pytest.raises(RuntimeError, match=message):
            compare(lying)


@pytest.mark.parametrize("length", [-1, 2**70, "3", None, 2.5, ValueError("of its own")])
def test_lengths_that_are_none(length: Any) -> None:
    for call in (advise, compare):
        with pytest.raises(ValueError, match="^expected a Lying that says how many entries it has: "):
            call(Lying(length))


@pytest.mark.parametrize("sample", [None, 2])
def test_keys_without_end(sample: int | None) -> None:
    with pytest.raises(RuntimeError, match="and more by its keys"):
        advise(Lying(1000, without_end), sample=sample)


def test_keys_without_a_value() -> None:
    with pytest.raises(RuntimeError, match=r"it has no value for one of its keys \(KeyError: 3\)"):
        advise(Lying(3, values={1: 1, 2: 2}))


def test_keys_that_cannot_be_hashed() -> None:
    class Listed(Lying):
        def __getitem__(self, key: Any) -> Any:
            return 1

    assert advise(Listed(2, ([1], [2]))).key == "object"


def test_errors_of_a_mapping_are_its_own() -> None:
    class Failing(Lying):
        def __getitem__(self, key: Any) -> Any:
            raise ConnectionError("gone")

        def items(self) -> Any:
            raise ConnectionError("gone too")

    with pytest.raises(ConnectionError, match="^gone$"):
        advise(Failing(3))

    class FailingItems(Lying):
        def items(self) -> Any:
            raise ConnectionError("gone too")

    assert advise(FailingItems(3)).entries == 3
    with pytest.raises(ConnectionError, match="^gone too$"):
        compare(FailingItems(3))


def test_a_mapping_that_changes_between_the_looks(tmp_path: Path) -> None:
    class Shrinking(Lying):
        looks = 0

        def __iter__(self) -> Iterator[int]:
            self.looks += 1
            return iter((1, 2, 3)[: 3 if self.looks < 2 else 2])

    with pytest.raises(RunError, match="^the Shrinking changed while it was read: give a copy$"):
        write(tmp_path / "entries", Shrinking(3))


def test_a_dict_that_says_something_else(tmp_path: Path) -> None:
    class Liar(dict[int, int]):
        def __len__(self) -> int:
            return 10**12

        def items(self) -> Any:
            raise AssertionError

        values = __iter__ = items

    liar = Liar({1: 2, 3: 4})
    assert advise(liar, sample=10**11).entries == 2
    assert write(tmp_path / "entries", liar) == 2
    stored = Stored(str(tmp_path / "entries"))
    assert [entry for piece in stored.pieces() for entry in piece] == [(1, 2), (3, 4)]


def test_values_that_are_made_anew(tmp_path: Path) -> None:
    # Most are small numbers, which Python has made already; the others are new objects each time.
    m = Map(int, int, {i: 10**6 + i if i % 3 == 0 else 1 for i in range(3000)})
    write(tmp_path / "entries", m)
    stored = Stored(str(tmp_path / "entries"))
    assert dict(entry for piece in stored.pieces() for entry in piece) == dict(m)


# ---- words ------------------------------------------------------------------------------------------


class Mute(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise AssertionError


class Silent(Exception, metaclass=Mute):
    def __str__(self) -> str:
        raise KeyboardInterrupt

    def __repr__(self) -> str:
        raise ValueError


def test_words() -> None:
    assert told(KeyError("a\nb")) == r"KeyError: 'a\nb'"
    assert told(ValueError("two\nlines")) == "ValueError: two lines"
    assert told(ValueError()) == "ValueError"
    assert told(Silent()) == "Silent"
    assert len(told(ValueError("x" * 10**6))) == 300
    assert shown("x" * 100) == "'" + "x" * 56 + "..."
    assert shown(10**5000) == "an int of 16610 bits"
    assert shown(Silent()) == "a Silent"
    assert printable("a\tb\x1b[31m\ud800\u202eé") == r"a b\x1b[31m\ud800\u202eé"
    assert number(-1_000_000) == "-1,000,000"
    assert number(10**5000) == "an int of 16,610 bits"

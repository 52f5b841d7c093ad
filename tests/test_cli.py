"""The command line: a scenario in small, its figures, its layout, and how it ends."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import own_allocator
from support import same_bytes

from gomap import GoMap, Map, SwissMap, estimate, sizeof
from gomap._cli import main
from gomap._cli.common import read_count
from gomap._display import Table, Unit, aligned, human, show
from gomap.measure import ScenarioError
from gomap.measure.fill_and_empty import measure, subjects

COMMAND = [sys.executable, "-m", "gomap"]


def gomap(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    return subprocess.run(
        [*COMMAND, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**env, **environment},
    )


@pytest.fixture(scope="module")
def small() -> dict[str, Any]:
    """960 entries: B is 8, it grows no more, and the overflow buckets all fit the array's tail."""
    run = gomap("-n", "960", "--json")
    assert (run.returncode, run.stderr) == (0, "")
    found: dict[str, Any] = json.loads(run.stdout)
    return found


@pytest.fixture(scope="module")
def large() -> dict[str, Any]:
    run = gomap("fill", "--entries", "200k", "--json")
    assert (run.returncode, run.stderr) == (0, "")
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def entries(n: int) -> dict[int, bytes]:
    return {i: i.to_bytes(128, "little") for i in range(n)}


# ---- figures -----------------------------------------------------------------------------------------


def test_subjects(small: dict[str, Any]) -> None:
    assert small["entries"] == 960
    assert [tuple(m["subject"].values()) for m in small["subjects"]] == [
        ("Map", "int", "[128]byte"),
        ("GoMap", "int", "[128]byte"),
        ("GoMap", "int", "*[128]byte"),
        ("SwissMap", "int", "[128]byte"),
        ("dict", "int", "bytes"),
    ]


@pytest.mark.parametrize("index", [1, 2])
def test_figures_of_a_gomap_are_those_of_its_report(small: dict[str, Any], index: int) -> None:
    measured = small["subjects"][index]
    subject, fill = measured["subject"], measured["fill"]
    m = GoMap(subject["key"], subject["value"])

    assert same_bytes(fill["empty"]["counted"], m.memory().total)
    for key, value in entries(960).items():
        m[key] = value
    assert same_bytes(fill["full"]["counted"], m.memory().total)
    # The peak has the old array's overflow buckets in it, whose number depends on the seed.
    assert fill["peak"] == pytest.approx(m.memory().peak, rel=0.1)
    assert fill["peak"] >= fill["full"]["counted"] * (1.3 if index == 1 else 1)
    for key in range(960):
        del m[key]
    assert same_bytes(fill["removed"]["counted"], m.memory().total)
    assert [fill[step]["entries"] for step in ("empty", "full", "removed")] == [0, 960, 0]
    assert [fill[step]["B"] for step in ("empty", "full", "removed")] == [0, 8, 8]
    assert fill["full"]["overflow"] == fill["removed"]["overflow"] <= 18


def test_figures_of_a_swissmap_are_those_of_its_report(small: dict[str, Any]) -> None:
    fill = small["subjects"][3]["fill"]
    m = SwissMap(int, "[128]byte", {})
    for key, value in entries(960).items():
        m[key] = value
    assert same_bytes(fill["full"]["counted"], m.nbytes)  # two tables, whatever the seed
    assert same_bytes(fill["removed"]["counted"], m.nbytes)
    assert fill["peak"] == pytest.approx(m.memory().peak, rel=0.01)


def test_figures_of_a_dict_are_those_of_sizeof(small: dict[str, Any]) -> None:
    fill = small["subjects"][4]["fill"]
    assert fill["empty"]["counted"] == sizeof({})
    assert fill["full"]["counted"] == sizeof(entries(960))
    d = entries(960)
    for key in range(960):
        del d[key]
    assert fill["removed"]["counted"] == sizeof(d)
    assert fill["full"]["B"] is fill["full"]["overflow"] is None


def test_peak_of_a_dict_has_both_tables_in_it() -> None:
    # With values that cost nothing, and the table just grown, the old one makes the peak.
    d: dict[int, bool] = {}
    grown = []
    for i in range(1, 2000):
        before = sizeof(d)
        d[i - 1] = True
        if sizeof(d) > before + 1000:
            grown.append((i, before - sizeof({}), sizeof(d)))
    n, before, after = grown[-1]
    old_table = before - sum(sizeof(key) for key in range(n - 1) if key > 256)
    fill = measure(n, int, bool).subjects[-1].fill
    assert (fill.full.counted, fill.peak) == (after, after + old_table)


def test_figures_of_the_cures(small: dict[str, Any]) -> None:
    for index, measured in enumerate(small["subjects"]):
        assert [cure["kept"] for cure in measured["cures"]] == [1, 480]
        for cure in measured["cures"]:
            if index == 0:
                assert cure["both"] is cure["resident_both"] is None
                assert cure["before"] == cure["after"]
                m = Map(int, "[128]byte")
                for key, value in entries(960).items():
                    m[key] = value
                for key in range(cure["kept"], 960):
                    del m[key]
                assert cure["after"] == pytest.approx(m.nbytes, rel=0.1)
            elif index < 4:
                assert cure["both"] == cure["before"] + cure["after"]
                subject = measured["subject"]
                cls = SwissMap if subject["engine"] == "SwissMap" else GoMap
                kept = cls(subject["key"], subject["value"], capacity=cure["kept"])
                kept.update(entries(cure["kept"]))
                assert cure["after"] == pytest.approx(kept.nbytes, rel=0.1)
            else:  # keys and values are in both
                assert max(cure["before"], cure["after"]) < cure["both"] < cure["before"] + cure["after"]
    inline = small["subjects"][1]
    assert same_bytes(inline["cures"][0]["before"], inline["fill"]["full"]["counted"])


def test_figures_of_a_map_are_those_of_its_report(small: dict[str, Any]) -> None:
    fill = small["subjects"][0]["fill"]
    m = Map(int, "[128]byte")
    assert fill["empty"]["counted"] == pytest.approx(m.nbytes, abs=16)
    for key, value in entries(960).items():
        m[key] = value
    assert fill["full"]["counted"] == pytest.approx(m.nbytes, rel=0.05)
    assert fill["peak"] == pytest.approx(m.memory().peak, rel=0.1)
    for key in range(960):
        del m[key]
    assert fill["removed"]["counted"] == pytest.approx(m.nbytes, rel=0.1)
    assert fill["removed"]["counted"] < 0.01 * fill["full"]["counted"]
    assert fill["full"]["B"] is fill["full"]["overflow"] is None


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
@own_allocator
def test_resident_memory_is_what_is_counted(large: dict[str, Any]) -> None:
    elastic, inline, pointer, swiss, plain = (m["fill"] for m in large["subjects"])
    assert inline["full"]["B"] == pointer["full"]["B"] == 15
    for fill in (elastic, inline, pointer, swiss, plain):
        assert fill["full"]["resident"] == pytest.approx(fill["full"]["counted"], rel=0.1)
        assert fill["resident_peak"] >= fill["full"]["resident"] * 0.99
    assert inline["removed"]["resident"] == pytest.approx(inline["removed"]["counted"], rel=0.1)
    assert swiss["removed"]["resident"] == pytest.approx(swiss["removed"]["counted"], rel=0.1)
    assert pointer["removed"]["resident"] < pointer["full"]["resident"] / 2
    assert elastic["removed"]["resident"] < elastic["full"]["resident"] / 20
    cure = large["subjects"][1]["cures"][-1]
    assert cure["kept"] == 100_000
    assert cure["resident_both"] == pytest.approx(cure["both"], rel=0.1)
    # The old array is gone from the process; of its freed overflow buckets malloc keeps some.
    assert cure["after"] * 0.9 < cure["resident_after"] < cure["after"] * 1.3 < cure["before"]


def test_structs(capsys: pytest.CaptureFixture[str]) -> None:
    keys, values = "struct{a bool; b uint16}", "struct{a struct{b float32}; c [3]byte; d int}"
    assert main(["-n", "500", "-q", "--json", "--key", keys, "--value", values]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {keys, values, "tuple"} <= set(re.findall(r"struct{[^\"]*}|tuple", json.dumps(report)))


# ---- arguments ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-n", "0"], "argument -n/--entries: expected at least 1, got 0"),
        (["-n", "-5"], "argument -n/--entries: expected at least 1, got -5"),
        (["-n", "many"], "expected a whole number such as 1000000, 250k, 1e6 or 1M, got 'many'"),
        (["-n", "1.5"], "expected a whole number such as 1000000, 250k, 1e6 or 1M, got '1.5'"),
        (["-n", "inf"], "expected a whole number"),
        (["-n", "nan"], "expected a whole number"),
        (["-n", ""], "expected a whole number"),
        (["-n"], "argument -n/--entries: expected one argument"),
        (["-n", "200", "--key", "int8"], "expected at most 128 entries for keys of type int8"),
        (["-n", "300", "--key", "[1]byte"], "expected at most 256 entries for keys of type [1]byte"),
        (["-n", "3", "--key", "bool"], "expected at most 2 entries"),
        (["-n", "300", "--key", "struct{a bool; b uint8}"], "expected at most 256 entries"),
        (["--key", "*int"], "argument --key: a key cannot be a pointer, in '*int' at character 1"),
        (["--value", "[12byte"], "argument --value: expected ']' after the number of bytes, in '[12byte'"),
        (["--value", "float16"], "argument --value: unknown type 'float16'"),
        (["--value", "a" * 500], "argument --value: unknown type 'aaa"),
        (["--value", "int\nint"], "at character 5"),
        (["--wrong"], "unrecognized arguments: --wrong"),
        (["wrong"], "invalid choice: 'wrong'"),
    ],
)
def test_wrong_arguments(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("gomap: error: ")
    assert message in err
    assert err.count("\n") == 1


def test_wrong_arguments_from_a_shell() -> None:
    run = gomap("-n", "0")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == "gomap: error: argument -n/--entries: expected at least 1, got 0\n"


@pytest.mark.skipif(sys.platform != "linux", reason="available memory is read from /proc")
def test_more_than_there_is_memory_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-n", "1e12"]) == 2
    assert "1,000,000,000,000 entries of int and [128]byte need about " in capsys.readouterr().err


@pytest.mark.parametrize("text", ["12000", "12_000", "12,000", "1.2e4", "12k", "12K", "0.012M"])
def test_entries_as_people_write_them(text: str) -> None:
    assert read_count(text) == 12_000


@pytest.mark.parametrize("arguments", [["fill", "-n", "3"], ["-n", "3", "fill"]])
def test_options_before_and_after_the_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments, "--json", "--key", "[4]byte", "--value", "*uint16"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["entries"] == 3
    assert [tuple(m["subject"].values()) for m in found["subjects"]] == [
        ("Map", "[4]byte", "*uint16"),
        ("GoMap", "[4]byte", "*uint16"),
        ("SwissMap", "[4]byte", "*uint16"),
        ("dict", "bytes", "int"),
    ]


@pytest.mark.parametrize("key", ["uint8", "float32", "float64", "[2]byte", "[200]byte"])
def test_every_kind_of_key(key: str) -> None:
    found = measure(100, key, "float32")
    assert [m.fill.full.entries for m in found.subjects] == [100] * 5


def test_measure_refuses_what_cannot_be() -> None:
    with pytest.raises(ScenarioError, match="expected at least 1 entry, got 0"):
        measure(0)
    with pytest.raises(ValueError, match="unknown type"):
        measure(1, "wrong")
    with pytest.raises(ValueError, match="unknown type"):
        subjects("int", "wrong")


def test_version() -> None:
    from gomap import __version__

    assert gomap("--version").stdout == f"gomap {__version__}\n"


# ---- layout ------------------------------------------------------------------------------------------


def test_table() -> None:
    run = gomap("-n", "960")
    assert (run.returncode, run.stderr) == (0, "")
    assert "\x1b" not in run.stdout
    lines = run.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "960 entries added and removed one by one: KB held (1 KB = 1,024 bytes)"
    assert lines[2].split() == ["Map", "GoMap", "GoMap", "SwissMap", "dict"]
    assert [line.split()[-4:] for line in lines if "all added" in line][2] == ["8", "8", "-", "-"]  # B
    whole = GoMap(int, "[128]byte", capacity=960).nbytes / 1024
    removed = next(line.split() for line in lines if "all removed" in line)
    # malloc may give the header a chunk of 16 bytes more.
    assert float(removed[3]) == pytest.approx(whole, abs=0.05)
    assert f"{removed[3]} KB (all of what it held full)" in " ".join(run.stdout.split())


@pytest.mark.parametrize("columns", [40, 60, 200])
def test_table_fits_the_terminal(columns: int) -> None:
    lines = gomap("-n", "20", COLUMNS=str(columns)).stdout.splitlines()
    assert max(map(len, lines)) <= columns
    # Resident memory decides how wide the columns are: at 60 all of them may fit, or not.
    blocks = sum(line.startswith("value ") for line in lines)
    assert blocks in {40: (3, 4), 60: (1, 2), 200: (1,)}[columns]


def test_columns_that_do_not_fit_stand_under_the_others() -> None:
    table = Table(("", "one", "two", "three"))
    table.section("section")
    table.row("row", ["1", "2", "3"])
    assert [text for _, text in table.lines(80)] == [
        "       one  two  three",
        "section",
        "  row    1    2      3",
    ]
    assert [text for _, text in table.lines(16)] == [
        *("       one  two", "section", "  row    1    2", ""),
        *("       three", "section", "  row      3"),
    ]


def test_figures_in_units() -> None:
    assert [human(n) for n in (0, 1023, 1024, 307_494_912, 2**40)] == [
        *("0 bytes", "1,023 bytes", "1.00 KB", "293.25 MB", "1.00 TB")
    ]
    assert Unit.for_counts([]).figure(7) == "7"
    assert Unit.for_counts([5, 1024]).figure(512) == "0.50"
    assert Unit.for_counts([3_000_000_000]).figure(3_000_000_000) == "2,861.02"
    assert Unit.for_counts([2**40]).name == "GB"
    assert Unit.for_counts([5]).figure(None) == "-"
    assert aligned([("a", "10"), ("long", "5")]) == ["a     10", "long   5"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rich")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    lines = [("title", "a title"), ("row", "[b]  a row wider than the terminal" * 10)]

    def shown(stream: io.StringIO, **options: bool) -> str:
        show(lines, stream, **options)
        return stream.getvalue()

    coloured, plain = shown(Terminal()), shown(io.StringIO())
    assert "\x1b[" in coloured
    assert "\x1b[" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    assert shown(Terminal(), colour=False) == plain
    monkeypatch.setenv("NO_COLOR", "1")
    assert shown(Terminal()) == plain


def test_without_rich_a_terminal_has_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setitem(sys.modules, "rich", None)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    stream = Terminal()
    show([("title", "a title")], stream)
    assert stream.getvalue() == "a title\n"


# ---- ends --------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for the interpreter")
@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            "echo progress 5 adding >&2; echo out of memory >&2; exit 1",
            "the process ended with code 1: out of memory",
        ),
        ("exit 3", "the process ended with code 3"),
        ("kill -9 $$", "the process was ended by signal 9, perhaps for want of memory"),
    ],
)
def test_a_run_that_fails(
    script: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    interpreter = tmp_path / "python"
    interpreter.write_text(f"#!/bin/sh\n{script}\n")
    interpreter.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(interpreter))
    assert main(["-n", "3"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    # Two run at a time, and either may be the first to fail.
    assert re.fullmatch(rf"gomap: error: (Map|map\[int\]\*?\[128\]byte): {re.escape(message)}\n", err)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes")
def test_a_reader_that_goes_away() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as out:
        run = subprocess.run(
            [*COMMAND, "-n", "3"], check=False, stdout=out, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert (run.returncode, run.stderr) == (141, "")  # as a shell tells SIGPIPE


@pytest.mark.parametrize("command", ["fill", "timeline", "compare", "advise", "estimate", "bench"])
@pytest.mark.parametrize("columns", ["40", "200"])
def test_help(command: str, columns: str) -> None:
    run = gomap(command, "--help", COLUMNS=columns)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith(f"usage: gomap {command} [-h]")
    assert "--json" in run.stdout
    assert command in gomap("--help").stdout


def test_estimate(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "--key", "string", "--value", "int", "-n", "1M", "--key-bytes", "16"]) == 0
    foreseen = estimate(str, int, 1_000_000, key_bytes=16)
    assert capsys.readouterr().out == f"{foreseen}\n"
    assert main(["estimate", "-n", "250k", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["map"] == estimate(int, "[128]byte", 250_000).map


def test_advise(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    path.write_text("id,x,y\n" + "".join(f"{i},{i / 2},{i % 7}\n" for i in range(1000)))
    assert main(["advise", str(path)]) == 0
    shown = capsys.readouterr().out
    assert 'm = gomap.Map("uint16", "struct{x float64; y uint8}", d)' in shown
    assert main(["advise", str(path), "--value-columns", "y", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["key"], found["value"], found["entries"]) == ("uint16", "uint8", 1000)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["advise"], 2, "the following arguments are required: FILE"),
        (["advise", "no-such.csv"], 1, "cannot read no-such.csv: No such file or directory"),
        (["advise", "odd.xls"], 2, "odd.xls: expected a file ending in .csv, .csv.gz, .tsv"),
        (["estimate", "--key-bytes", "16"], 2, "key_bytes: expected None for type int, whose size is fixed"),
        (["estimate", "--value-bytes", "many"], 2, "expected a number of bytes, got 'many'"),
        (["estimate", "--key", "bool"], 2, "n: expected at most 2, as there are keys of type bool"),
        (["estimate", "--key", "strin"], 2, "unknown type 'strin'"),
        (["estimate", "10"], 2, "unrecognized arguments: 10"),
    ],
)
def test_wrong_arguments_of_advise_and_estimate(
    arguments: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("gomap: error: ")
    assert message in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and terminals")
@pytest.mark.parametrize(
    ("command", "first", "whole_group"),
    [("fill", b"Map", True), ("fill", b"Map", False), ("compare", b"dict", True)],
)
def test_interrupted(command: str, first: bytes, whole_group: bool) -> None:
    import pty

    terminal, inside = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, command, "-n", "10M", "--value", "bool"],
        stdout=subprocess.PIPE,
        stderr=inside,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(inside)
    shown = b""
    try:
        while b"starting" not in shown:  # the progress display: children are at work
            shown += os.read(terminal, 1000)
        (os.killpg if whole_group else os.kill)(process.pid, signal.SIGINT)
        out, _ = process.communicate(timeout=5)  # left alone, the children take longer
        try:
            while more := os.read(terminal, 1000):
                shown += more
        except OSError:  # how Linux says that the other side is closed
            pass
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
    assert process.returncode == 130
    assert out == b""
    assert b"gomap:   0 %  " + first + b": starting" in shown
    assert b"Traceback" not in shown
    assert b"rror" not in shown
    for _ in range(100):  # nothing of the group is left
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.02)
    else:
        pytest.fail("processes were left behind")


def test_interrupted_while_text_is_executed(tmp_path: Path) -> None:
    (tmp_path / "executing.py").write_text(
        "import gomap._cli\n"
        "from gomap.__main__ import run\n"
        "def main():\n"
        "    try:\n"
        "        exec('raise KeyboardInterrupt')\n"
        "    except KeyboardInterrupt:\n"
        "        return 130\n"
        "gomap._cli.main = main\n"
        "run()\n"
    )
    assert subprocess.run([sys.executable, "-m", "executing"], cwd=tmp_path, check=False).returncode == 130

"""The timeline: the day's curve, every map's bytes, the pictures, and how the command ends."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from command import in_terminal
from conftest import own_allocator

from gomap import Cache, GoMap, Map, sizeof
from gomap._cli import main
from gomap._core import heap_bytes
from gomap.measure import ScenarioError, black_friday
from gomap.measure.black_friday import (
    EXPIRES_AFTER,
    MINUTES,
    NAMES,
    RECREATED_EVERY,
    USED_EVERY,
    BlackFriday,
    Course,
    customers_at,
    measure,
)
from gomap.measure.numbers import shuffled
from gomap.measure.plot import area, has_blocks, highest, in_text
from gomap.measure.subjects import WatchedDict
from gomap.types import parse

COMMAND = [sys.executable, "-m", "gomap", "timeline"]


def gomap(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    env |= {"PYTHONIOENCODING": "utf-8", **environment}
    return subprocess.run(
        [*COMMAND, *arguments],
        check=False,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        env=env,
    )


@pytest.fixture(scope="module")
def day() -> BlackFriday:
    return measure(20_000, 20)


@pytest.fixture(scope="module")
def courses(day: BlackFriday) -> dict[str, Course]:
    return {course.name: course for course in day.courses}


# ---- the curve ---------------------------------------------------------------------------------------


def test_customers_come_for_an_hour_and_leave_until_midnight() -> None:
    counts = [customers_at(minute, 1_000_000, 1000) for minute in range(24 * 60 + 1)]
    assert (counts[0], counts[30], counts[60], counts[-1]) == (0, 500_000, 1_000_000, 1000)
    assert counts[:61] == sorted(counts[:61])
    assert counts[60:] == sorted(counts[60:], reverse=True)
    # The same share leaves in every hour; when half the time is over, half of the three zeros are gone.
    assert counts[60 + 690] == pytest.approx(31_623, abs=1)
    assert {customers_at(minute, 7, 7) for minute in range(60, 1441)} == {7}


def test_moments(day: BlackFriday) -> None:
    assert (MINUTES[0], MINUTES[-1]) == (0, 24 * 60)
    assert 60 <= len(MINUTES) <= 100
    assert {60, *range(RECREATED_EVERY, 24 * 60 + 1, RECREATED_EVERY)} <= set(MINUTES)
    assert [course.name for course in day.courses] == list(NAMES)
    for course in day.courses:
        assert [(s.minute, s.customers) for s in course.samples] == [
            (minute, customers_at(minute, 20_000, 20)) for minute in MINUTES
        ]
        if course.name != "Cache":
            assert all(sample.entries == sample.customers for sample in course.samples)


def test_customers_leave_in_another_order_than_they_came() -> None:
    order = shuffled(1000)
    assert sorted(order) == list(range(1000))
    assert order == shuffled(1000)
    came_first = sum(order.index(number) < 500 for number in range(500))  # of the first half to leave
    assert 200 < came_first < 300


# ---- bytes -------------------------------------------------------------------------------------------


def live(m: Any, customers: int, remaining: int) -> list[int]:
    """The same day here: what it holds at every moment."""
    order, counts = shuffled(customers), []
    for minute in MINUTES:
        then = customers_at(minute, customers, remaining)
        if minute <= 60:
            for i in order[len(m) : then]:
                m[i] = i.to_bytes(128, "little")
        else:
            for i in range(customers - len(m), customers - then):
                del m[i]
        counts.append(sizeof(m) if isinstance(m, dict) else m.nbytes)
    return counts


@pytest.mark.parametrize("name", ["Map", "GoMap", "dict"])
def test_bytes_are_those_of_a_map_that_lives_here(name: str, courses: dict[str, Course]) -> None:
    m: Any = {"Map": Map, "GoMap": GoMap}[name](int, "[128]byte") if name != "dict" else {}
    expected = live(m, 20_000, 20)
    found = [sample.counted for sample in courses[name].samples]
    # Seeds differ, and with them overflow buckets and displaced entries; a dict has no seed for ints.
    assert found == (expected if name == "dict" else pytest.approx(expected, rel=0.12, abs=2000))
    assert found[-1] == (expected[-1] if name == "dict" else pytest.approx(expected[-1], rel=0.05))
    assert courses[name].peak >= max(found)


@pytest.mark.parametrize("value", [int, "bool", "float64", "[0]byte", "[1]byte", "[128]byte"])
def test_a_dict_is_counted_in_constant_time_as_sizeof_counts_it(value: str) -> None:
    from gomap.measure.numbers import maker

    watched, make = WatchedDict("dict", "int", "bytes"), maker(parse(value))
    d = watched.make()
    for step in range(0, 3000, 500):
        assert watched.counted(d) == sizeof(d)
        numbers = range(step, step + 500)
        watched.add(d, zip(map(int, numbers), map(make, numbers), strict=True))
    assert len(d) == 3000
    order = list(d)
    random.Random(1).shuffle(order)
    for step in range(0, 3000, 500):
        assert watched.counted(d) == sizeof(d)
        watched.remove(d, order[step : step + 500])
    assert not d
    assert watched.counted(d) == sizeof(d) > sizeof({})
    assert watched.peak(d) > watched.counted(d)


def at_the_rush(course: Course) -> int:
    return course.samples[MINUTES.index(60)].counted


def test_a_map_comes_down_with_its_customers(courses: dict[str, Course]) -> None:
    course = courses["Map"]
    assert course.samples[-1].counted <= 0.01 * at_the_rush(course)
    for sample in course.samples[MINUTES.index(60) :]:
        # In proportion; blocks of less than 128 KiB keep more room, as they might have to be copied.
        share = at_the_rush(course) * sample.customers / 20_000
        kept = 1.9 * heap_bytes(700) / 720  # musl's blocks are of few sizes
        assert sample.counted <= (1.1 * share if sample.customers > 2000 else kept * share + 4000)
    assert all(sample.recreated is None for sample in course.samples)


@pytest.mark.parametrize(("customers", "remaining"), [(20_000, 20), (50, 1), (7, 7), (1, 1)])
def test_entries_of_the_cache_expire_by_themselves(customers: int, remaining: int) -> None:
    assert USED_EVERY * 2 <= EXPIRES_AFTER
    found = black_friday.course("Cache", parse(int, "key"), parse("[128]byte"), customers, remaining)
    for sample in found.samples:
        now, minute = sample.customers, sample.minute
        # All who are there; and who left lately: their last use, and the sweep that has not met them yet.
        late = max(60, minute - EXPIRES_AFTER - EXPIRES_AFTER // 4 - 1)
        assert now <= sample.entries <= max(now, customers_at(late, customers, remaining) + customers // 1000)
    at_midnight = found.samples[-1]
    if customers == 20_000:
        assert at_midnight.counted < 0.01 * found.peak
        assert at_midnight.entries < 2 * remaining
    assert max(sample.counted for sample in found.samples) <= found.peak


def test_the_cache_is_as_large_as_one_that_lives_here(courses: dict[str, Course]) -> None:
    c = Cache(int, "[128]byte", tti=60 * EXPIRES_AFTER, clock=lambda: 0)
    for i in shuffled(20_000):
        c[i] = i.to_bytes(128, "little")
    assert at_the_rush(courses["Cache"]) == pytest.approx(c.nbytes, rel=0.05)
    assert at_the_rush(courses["Map"]) < at_the_rush(courses["Cache"]) < 1.1 * at_the_rush(courses["Map"])


def test_an_entry_that_expires_too_early_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(black_friday, "EXPIRES_AFTER", USED_EVERY // 2)
    with pytest.raises(KeyError):
        black_friday.course("Cache", parse(int, "key"), parse(int), 1000, 10)


def test_a_gomap_holds_what_it_held(courses: dict[str, Course]) -> None:
    course = courses["GoMap"]
    assert {sample.counted for sample in course.samples[MINUTES.index(60) :]} == {at_the_rush(course)}
    assert at_the_rush(course) <= course.peak


def test_a_re_created_gomap_takes_both_at_once(courses: dict[str, Course]) -> None:
    course = courses["GoMap re-created"]
    recreated = [sample for sample in course.samples if sample.recreated is not None]
    assert [sample.minute for sample in recreated] == list(range(120, 1441, 120))
    for sample in recreated:
        assert sample.recreated is not None
        # The copy's own highest count: its array, made at once as large as it will be.
        assert sample.recreated.both >= sample.recreated.before + sample.counted
        assert sample.recreated.both <= 1.05 * (sample.recreated.before + sample.counted)
        assert course.peak >= sample.recreated.both
        kept = GoMap(int, "[128]byte", {i: bytes(128) for i in range(sample.customers)})
        assert sample.counted == pytest.approx(kept.copy().nbytes, rel=0.15, abs=3000)
    assert recreated[-1].counted < 0.05 * at_the_rush(course)
    points = course.points()
    assert len(points) == len(MINUTES) + 2 * len(recreated)
    assert max(held for minute, held in points if minute == 120) == recreated[0].recreated.both


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
@own_allocator
def test_resident_memory_follows(courses: dict[str, Course]) -> None:
    rush = MINUTES.index(60)
    for name in ("Map", "GoMap"):
        sample = courses[name].samples[rush]
        assert sample.resident == pytest.approx(sample.counted, rel=0.25)
    last = courses["Map"].samples[-1].resident
    assert last is not None
    assert last < at_the_rush(courses["Map"]) / 2


def test_types_and_limits() -> None:
    found = measure(100, 10, "uint8", "*[4]byte")
    assert [(c.name, c.key, c.value) for c in found.courses] == [
        ("Map", "uint8", "*[4]byte"),
        ("Cache", "uint8", "*[4]byte"),
        ("SwissMap", "uint8", "*[4]byte"),
        ("GoMap", "uint8", "*[4]byte"),
        ("GoMap re-created", "uint8", "*[4]byte"),
        ("dict", "int", "bytes"),
    ]
    assert measure(3).remaining == 3
    with pytest.raises(ScenarioError, match="expected at least 1 customer, got 0"):
        measure(0)
    with pytest.raises(ScenarioError, match="expected 1 to 5 customers to remain, got 6"):
        measure(5, 6)


# ---- the command -------------------------------------------------------------------------------------


def test_json() -> None:
    run = gomap("-n", "300", "--json", "--value", "int", "--remaining", "30")
    assert (run.returncode, run.stderr) == (0, "")
    found = json.loads(run.stdout)
    named = ("customers", "remaining", "key", "value", "recreated_every", "used_every", "expires_after")
    assert [found[name] for name in named] == [300, 30, "int", "int", RECREATED_EVERY, USED_EVERY, EXPIRES_AFTER]
    assert [course["name"] for course in found["courses"]] == list(NAMES)
    assert [sample["minute"] for sample in found["courses"][0]["samples"]] == list(MINUTES)
    at_midnight = {course["name"]: course["samples"][-1] for course in found["courses"]}
    assert at_midnight["Map"]["entries"] == 30 <= at_midnight["Cache"]["entries"]
    both = {course["name"]: sum(s["recreated"] is not None for s in course["samples"]) for course in found["courses"]}
    assert both == {name: 12 if name == "GoMap re-created" else 0 for name in NAMES}


def test_table_and_picture() -> None:
    run = gomap("-n", "3000", "--remaining", "10")
    assert (run.returncode, run.stderr) == (0, "")
    assert "\x1b" not in run.stdout
    lines = run.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("3,000 customers come and go, int to [128]byte: MB held")
    assert [line.split()[0] for line in lines if line.startswith("  ") and ":" in line.split()[0]] == [
        *("0:00", "0:30", "1:00", *(f"{hour}:00" for hour in range(2, 25, 2))),
        *("1:00", "24:00"),
    ]
    assert "█" in run.stdout
    shown = next(line.split() for line in lines if line.startswith("   1:00"))
    assert shown[1] == "3,000"
    assert all(0.3 < float(shown[i]) < 2 for i in (2, 3, 4, 5, 6, 8))
    assert (shown[7], len(shown)) == ("-", 9)
    heads = next(line.split() for line in lines if line.startswith("time "))
    assert heads == ["time", "customers", "Map", "Cache", "SwissMap", "GoMap", "GoMap", "both", "dict"]
    for name in NAMES:
        assert any(line.startswith(f"{name}: ") for line in lines)
    assert lines[-1].split() == ["0", "h", "4", "h", "8", "h", "12", "h", "16", "h", "20", "h", "24", "h"]


@pytest.mark.parametrize("columns", [40, 60, 200])
def test_it_fits_the_terminal(columns: int) -> None:
    run = gomap("-n", "30", COLUMNS=str(columns), PYTHONIOENCODING="ascii")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.isascii()
    assert "#" in run.stdout
    lines = run.stdout.splitlines()
    assert max(map(len, lines)) <= columns
    pieces = sum(line.startswith("time ") for line in lines)
    assert pieces == 1 if columns == 200 else pieces in ((1, 2) if columns == 60 else (2, 3))
    assert lines[-1].split()[-2:] == ["24", "h"]


def test_the_line_between_points() -> None:
    points = [(0, 0), (60, 600), (120, 600), (120, 900), (120, 300), (1440, 300)]
    assert highest(points, 0, 30) == 300
    assert highest(points, 30, 90) == 600
    assert highest(points, 119, 121) == 900
    assert highest(points, 121, 500) == 300
    rows = area(points, 24, 3, 900, " .:#")
    assert rows == [" ##", "###", "#" * 24]
    assert area([(0, 0), (1440, 0)], 24, 2, 0, " .#") == ["", ""]
    # Half a cell where a third of the height is half reached.
    assert area([(0, 150), (1440, 150)], 4, 3, 900, " .#") == ["", "", "...."]


def test_what_a_stream_can_say() -> None:
    def stream(encoding: str) -> io.TextIOWrapper:
        return io.TextIOWrapper(io.BytesIO(), encoding=encoding)

    assert has_blocks(stream("utf-8"))
    assert not has_blocks(stream("ascii"))
    assert not has_blocks(stream("latin-1"))


def test_panels_share_a_scale(day: BlackFriday) -> None:
    lines = [text for _, text in in_text(day, 80, blocks=True)]
    panels = [lines[start + 1 : start + 5] for start in range(0, 5 * len(NAMES), 5)]
    scales = {panel[0].split(" │")[0] for panel in panels}
    assert len(scales) == 1
    by_name = dict(zip(NAMES, panels, strict=True))
    assert by_name["GoMap"][3].endswith("█")  # to midnight
    assert by_name["Map"][3].count("█") < 20
    assert by_name["Cache"][3].count("█") < 25
    assert not by_name["Map"][0].split("│")[1]
    assert by_name["GoMap re-created"][0].count("█") >= 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-n", "0"], "argument -n/--customers: expected at least 1, got 0"),
        (["--remaining", "many"], "argument --remaining: expected a whole number"),
        (["-n", "5", "--remaining", "6"], "expected 1 to 5 customers to remain, got 6"),
        (["-n", "200", "--key", "int8"], "expected at most 128 customers for keys of type int8"),
        (
            ["--plot", "day.gif"],
            "argument --plot: expected a file name ending in .png or .svg, got 'day.gif'",
        ),
        (["--plot", "day"], "argument --plot: expected a file name ending in .png or .svg, got 'day'"),
        (["--plot", "no such/day.svg"], "argument --plot: there is no directory 'no such' for 'day.svg'"),
        (["--plot"], "argument --plot: expected one argument"),
        (["--entries", "5"], "unrecognized arguments: --entries 5"),
        (["--value", "float16"], "argument --value: unknown type 'float16'"),
    ],
)
def test_wrong_arguments(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["timeline", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("gomap: error: ")
    assert message in err
    assert err.count("\n") == 1


def test_entries_are_not_customers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-n", "5", "timeline"]) == 2
    assert "timeline counts customers" in capsys.readouterr().err


# ---- pictures ----------------------------------------------------------------------------------------


def test_svg(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="pictures are drawn by matplotlib")
    path = tmp_path / "day.svg"
    run = gomap("-n", "300", "--plot", str(path))
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("300 customers come and go")
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<?xml")
    assert "<svg" in text
    assert "<dc:date>" not in text
    for name in NAMES:  # matplotlib says in comments what it draws as shapes
        assert f"<!-- {name} -->" in text
    for colour in ("#0072b2", "#009e73", "#d55e00", "#e69f00", "#777777"):
        assert text.count(f"stroke: {colour}") >= 2  # the line, and in the legend


def test_png_and_json_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib", reason="pictures are drawn by matplotlib")
    path = tmp_path / "day.PNG"
    assert main(["timeline", "-n", "30", "--json", "--plot", str(path)]) == 0
    assert json.loads(capsys.readouterr().out)["customers"] == 30
    assert path.read_bytes().startswith(b"\x89PNG\r\n")


def test_a_picture_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib", reason="pictures are drawn by matplotlib")
    path = tmp_path / "day.svg"
    path.mkdir()
    assert main(["timeline", "-n", "3", "--plot", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"gomap: error: argument --plot: {str(path)!r} is a directory\n"


def test_without_matplotlib(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    assert main(["timeline", "-n", "3", "--plot", str(tmp_path / "day.svg")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "matplotlib, which is not installed" in err
    assert 'pip install "gomap[plot]"' in err
    assert main(["timeline", "-n", "3"]) == 0  # the rest goes without


# ---- ends --------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes")
def test_a_reader_that_goes_away() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as out:
        run = subprocess.run(
            [*COMMAND, "-n", "3"], check=False, stdout=out, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert (run.returncode, run.stderr) == (141, "")  # as a shell tells SIGPIPE


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and terminals")
def test_interrupted() -> None:
    process, terminal = in_terminal("timeline", "-n", "3M", "--value", "bool")
    shown = b""
    try:
        while b"starting" not in shown:
            shown += os.read(terminal, 1000)
        os.kill(process.pid, signal.SIGINT)
        out, _ = process.communicate(timeout=5)  # left alone, the children take longer
    finally:
        process.kill()
        os.close(terminal)
    assert process.returncode == 130
    assert out == b""
    assert b"rror" not in shown
    for _ in range(100):  # nothing of the group is left
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.02)
    else:
        pytest.fail("processes were left behind")

"""Other libraries' maps, whatever they do: measured, or left out with the reason, and never waited for; and
where a process finds modules."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from command import COMMAND, POSIX, refused, run

import gomap
from gomap import compare
from gomap.measure import RunError
from gomap.measure.fill_and_empty import measure
from gomap.measure.processes import Runs

pytestmark = pytest.mark.long

HAS_NUMPY = importlib.util.find_spec("numpy") is not None


# ---- peers ------------------------------------------------------------------------------------------


PEERS = '''
import atexit, ctypes, os, signal, sys, threading, time

print("imported")
os.write(1, b"from below\\n")
print("progress ninety nine", file=sys.stderr)
ctypes.CDLL(None).puts(b"kept by C until the exit")
atexit.register(print, "at the exit")

class Good(dict): pass

class Printing(dict):
    def __setitem__(self, key, value):
        print(key, flush=True)
        super().__setitem__(key, value)

class Posing(dict):
    def __init__(self):
        print('{"name": "Posing", "full": 0}')
        print("progress 1 2 3", file=sys.stderr)

class NoStdout(dict):
    def __init__(self):
        sys.stdout.close()
        sys.stderr.close()

class NoStreams(dict):
    def __init__(self):
        os.closerange(0, 3)

class NoFiles(dict):
    def __init__(self):
        os.closerange(0, 256)

class Forking(dict):
    """Two processes go on from here."""
    def __init__(self):
        os.fork()

class Staying(dict):
    """The copy stays, with all that was open, when this process is gone."""
    def __init__(self):
        if os.fork(): os._exit(5)
        time.sleep(100)

class Lingering(dict):
    """Its exit takes for ever."""
    def __init__(self):
        atexit.register(time.sleep, 100)
        threading.Thread(target=time.sleep, args=(100,)).start()

class Fragile(dict):
    """Dies when it goes."""
    def __del__(self):
        os.abort()

def abort(): os.abort()
def kill(): os.kill(os.getpid(), signal.SIGKILL)
def fault():
    signal.signal(signal.SIGSEGV, signal.SIG_DFL) # sanitizers have a handler of their own
    ctypes.string_at(0)

def leave(): os._exit(0)
def leave_with_code(): os._exit(7)
def give_up(): raise SystemExit("with a message\\nof two lines\\x1b[31m")
def interrupt(): raise KeyboardInterrupt
def exhaust(): raise MemoryError
def ask(): return input()
def no_map(): return None

class Wordless(Exception):
    def __str__(self): raise SystemExit(0)

class Raising(dict):
    def __setitem__(self, key, value): raise Wordless

class Unequal:
    def __eq__(self, other): raise Wordless
    def __repr__(self): raise Wordless

class Hiding(dict):
    def __getitem__(self, key): return Unequal()

class Losing(dict):
    def __getitem__(self, key): raise KeyError

class Lengthless(dict):
    def __len__(self): return -1
'''
MEASURED = ["Good", "Printing", "Posing", "NoStdout", "NoStreams", "Forking", "Lingering"]
LEFT_OUT = {
    "NoFiles": "the process ended with code 1",
    "Staying": "the process ended with code 5",
    "abort": "the process was ended by signal 6",
    "kill": "the process was ended by signal 9, perhaps for want of memory",
    "fault": "the process was ended by signal 11",
    "leave": "the process ended before all was measured",
    "leave_with_code": "the process ended with code 7",
    "give_up": r"SystemExit: with a message of two lines\x1b[31m",
    "interrupt": "KeyboardInterrupt",
    "exhaust": "out of memory",
    "ask": "EOFError: EOF when reading a line",
    "no_map": "TypeError: 'NoneType' object does not support item assignment",
    "Raising": "Wordless",
    "Hiding": "Wordless",
    "Losing": "KeyError",
    "Lengthless": "ValueError: __len__() should return >= 0",
    "absent": "expected a callable 'absent' in module 'odd', found none",
}


@POSIX
def test_peers_of_every_kind(tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text(PEERS)
    peers = [f"odd:{name}" for name in (*MEASURED, *LEFT_OUT)] + ["sys:exit", "this:s", "builtins:int"]
    started = time.monotonic()
    found = run("compare", "-n", "500", "--json", *(f"--peer={name}" for name in peers), "-q", cwd=tmp_path)
    assert (found.returncode, found.stderr) == (0, "")
    assert time.monotonic() - started < 60
    figures = json.loads(found.stdout)
    names = [f"odd:{name}" for name in MEASURED]
    assert [m["name"] for m in figures["subjects"]] == ["dict", "Map", "GoMap", "SwissMap", *names]
    reasons = dict(figures["left_out"])
    assert reasons.pop("sys:exit") == "SystemExit"
    assert reasons.pop("this:s") == "expected a callable 's' in module 'this', found none"
    assert "does not support item assignment" in reasons.pop("builtins:int")
    for name, reason in LEFT_OUT.items():
        told = reasons[f"odd:{name}"]
        if reason.startswith("the process"):  # what was printed last may say more
            assert re.fullmatch(f"{reason}(: (progress ninety nine|kept by C until the exit))?", told), name
        else:
            assert told == reason, name
    assert len(reasons) == len(LEFT_OUT)


def test_a_peer_that_dies_when_it_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A first one is made and dropped before the one that is measured.
    (tmp_path / "odd.py").write_text(PEERS if sys.platform != "win32" else "import os\n" + FRAGILE)
    monkeypatch.syspath_prepend(str(tmp_path))
    found = compare(n=100, peers=["odd:Fragile", "collections:OrderedDict"])
    ((name, reason),) = found.left_out
    assert name == "odd:Fragile"
    how = "ended with code" if sys.platform == "win32" else "was ended by signal 6"
    assert reason.startswith(f"the process {how}")
    assert found.subjects[-1].name == "collections:OrderedDict"


FRAGILE = "class Fragile(dict):\n    def __del__(self): os.abort()\n"


@pytest.mark.parametrize("where", ["imported", "made", "filled"])
def test_a_peer_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    wait = "import time; time.sleep(100)"
    (tmp_path / "hanging.py").write_text(
        f"{wait if where == 'imported' else ''}\n"
        "class Hanging(dict):\n"
        f"    def __init__(self): {wait if where == 'made' else 'pass'}\n"
        f"    def __setitem__(self, key, value): {wait}\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("gomap.measure.comparison._patience", lambda count: 1.5)
    found = compare(n=100, peers=["hanging:Hanging", "collections:OrderedDict"])
    assert found.left_out == (("hanging:Hanging", "it hung: nothing happened for 2 seconds"),)
    assert [m.name for m in found.subjects] == ["dict", "Map", "GoMap", "SwissMap", "collections:OrderedDict"]


def test_patience_grows_with_the_entries() -> None:
    from gomap.measure.comparison import _patience

    assert _patience(10) >= 60
    assert _patience(100_000_000) > 600


@pytest.mark.parametrize(
    "name",
    ["abseil", "", ":", ":x", "x:", "a b:c", ".x:y", "x.:y", "x:y.", "x::y", "x:y:z", "x:1", "a/b:c", "dict"],
)
def test_names_that_no_peer_can_have(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert "'module:callable' for any other, got " in refused(capsys, "compare", f"--peer={name}")
    with pytest.raises(ValueError, match="or 'module:callable' for any other"):
        compare(n=1, peers=[name])


def test_peers_are_names() -> None:
    wrong: Any
    for wrong in ("borghash", 5):
        with pytest.raises(TypeError, match="^peers: expected a sequence of names, got "):
            compare(n=1, peers=wrong)
    with pytest.raises(TypeError, match="^peers: expected names of type str, got int 5$"):
        compare(n=1, peers=[5])  # type: ignore[list-item]
    assert compare(n=10, peers=iter(["sys:exit"])).left_out  # type: ignore[arg-type]


# ---- the current directory --------------------------------------------------------------------------


#: What gomap imports, and libraries that it may import; not what Python imports itself for -m.
STANDARD = """
    __future__ argparse array ast csv ctypes dataclasses datetime decimal enum inspect json math numbers
    pickle platform random re shutil signal statistics subprocess tempfile textwrap threading typing
"""
LIBRARIES = "numpy pyarrow rich matplotlib pyperf borghash BTrees sortedcontainers gomap_peer_helper"
SHADOWS = [*STANDARD.split(), *LIBRARIES.split()]


@pytest.fixture
def shadows(tmp_path: Path) -> Path:
    """A directory with modules that are named as others are, and tell when they are imported."""
    for name in SHADOWS:
        (tmp_path / f"{name}.py").write_text(
            f"import os\nos.write(2, b'hijacked by {name}\\n')\n"
            f"open(r'{tmp_path / 'hijacked'}', 'a').write('{name}\\n')\n"
        )
    (tmp_path / "entries.csv").write_text("id,x\n1,2\n3,4\n")
    (tmp_path / "mine.py").write_text("class Mine(dict): pass\n")
    (tmp_path / "leaning.py").write_text("import gomap_peer_helper\nclass Leaning(dict): pass\n")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")
    (tmp_path / "package" / "inner.py").write_text("from . import other\nclass Inner(dict): pass\n")
    (tmp_path / "package" / "other.py").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inner.py").write_text("class Inner(dict): pass\n")
    return tmp_path


def script() -> list[str]:
    found = shutil.which("gomap", path=str(Path(sys.executable).parent))
    if found is None:
        pytest.skip("the package is not installed")
    return [found]


@pytest.mark.parametrize(
    "arguments",
    [
        ["-n", "3"],
        ["timeline", "-n", "3"],
        ["estimate"],
        ["advise", "entries.csv"],
        ["compare", "entries.csv"],
        ["compare", "-n", "3", "--peer=mine:Mine", "--peer=borghash", "--peer=BTrees", "--html=page.html"],
        ["--help"],
    ],
)
@pytest.mark.parametrize("how", ["module", "script", "package"])
def test_nothing_is_imported_from_the_current_directory(shadows: Path, how: str, arguments: list[str]) -> None:
    if how == "package" and arguments[0] != "-n":
        pytest.skip("one of them will do")
    command = {"module": COMMAND, "package": [sys.executable, "-mgomap"]}.get(how) or script()
    found = run(*arguments, command=command, cwd=shadows)
    assert (found.returncode, found.stderr) == (0, "")
    assert not (shadows / "hijacked").exists()


@pytest.mark.skipif(not HAS_NUMPY, reason="NumPy is not installed")
def test_files_are_read_by_the_libraries_themselves(shadows: Path) -> None:
    import numpy as np

    np.save(shadows / "entries.npy", np.array([[1, 2], [3, 4]]))
    for command in ("advise", "compare"):
        found = run(command, "entries.npy", cwd=shadows)
        assert (found.returncode, found.stderr) == (0, "")
    assert not (shadows / "hijacked").exists()


def test_a_peer_that_is_named_may_be_in_the_current_directory(shadows: Path) -> None:
    here = ["mine:Mine", "package.inner:Inner", "folder.inner:Inner"]
    names = [*here, "leaning:Leaning", "collections:OrderedDict", "statistics:x"]
    found = run("compare", "-n", "100", "--json", *(f"--peer={name}" for name in names), cwd=shadows)
    assert (found.returncode, found.stderr) == (0, "")
    figures = json.loads(found.stdout)
    assert [m["name"] for m in figures["subjects"]][4:] == [*here, "collections:OrderedDict"]
    assert dict(figures["left_out"]) == {
        "leaning:Leaning": "it imports 'gomap_peer_helper', which is not installed; for what is in the "
        "current directory set PYTHONPATH=.",
        "statistics:x": "expected a callable 'x' in module 'statistics', found none",
    }
    assert not (shadows / "hijacked").exists()


def test_python_path_is_taken(shadows: Path) -> None:
    package = str(Path(gomap.__file__).parent.parent)
    for name in SHADOWS:
        if name != "gomap_peer_helper":
            (shadows / f"{name}.py").unlink()
    path = os.pathsep.join([str(shadows), package])
    found = run(
        *("compare", "-n", "3", "--peer=leaning:Leaning", "--json"),
        cwd=shadows,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert found.returncode == 0
    assert json.loads(found.stdout)["left_out"] == []
    assert (shadows / "hijacked").read_text() == "gomap_peer_helper\n"


def test_a_program_keeps_its_path(shadows: Path) -> None:
    (shadows / "own.py").write_text("import sys\nbefore = list(sys.path)\nimport gomap\nassert before == sys.path\n")
    for name in SHADOWS:
        (shadows / f"{name}.py").unlink()
    for how in (["-c", "import own"], ["own.py"], ["-m", "own"]):
        found = run(*how, command=[sys.executable], cwd=shadows)
        assert (found.returncode, found.stderr) == (0, "")


def test_a_program_is_compared_with_its_own_modules(tmp_path: Path) -> None:
    (tmp_path / "own_things.py").write_text(
        "class Thing:\n"
        "    def __init__(self, i): self.i = i\n"
        "    def __eq__(self, other): return self.i == other.i\n"
        "    def __hash__(self): return self.i\n"
    )
    (tmp_path / "own.py").write_text(
        "import gomap, own_things\nprint(gomap.compare({own_things.Thing(i): i for i in range(10)}).entries)\n"
    )
    found = run(str(tmp_path / "own.py"), command=[sys.executable])
    assert (found.returncode, found.stdout, found.stderr) == (0, "10\n", "")


@POSIX
def test_a_directory_that_is_gone(tmp_path: Path) -> None:
    there = f'"{tmp_path / "gone"}"'
    shell = f'mkdir {there} && cd {there} && rmdir {there} && exec "$0" -m gomap "$@"'
    command = ["sh", "-c", shell, sys.executable]
    for arguments in (["-n", "3"], ["compare", "-n", "3", "--peer=mine:Mine", "-q"]):
        found = run(*arguments, command=command)
        assert (found.returncode, found.stderr) == (0, "")
    found = run("compare", "-n", "3", "--html", "page.html", command=command)
    assert found.returncode == 1
    assert found.stdout.startswith("3 entries")
    assert found.stderr == "gomap: error: cannot write page.html: No such file or directory\n"


# ---- processes --------------------------------------------------------------------------------------


def test_runs_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", os.devnull + "/python")
    with pytest.raises(RunError, match="^Map: cannot start a process: "):
        measure(3)


def test_runs_without_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("gomap.measure.processes.Thread.start", no_thread)
    with pytest.raises(RunError, match="^Map: can't start new thread$"):
        measure(3)


def test_no_runs() -> None:
    with Runs(1, lambda percent, what: None) as runs:
        assert runs.outcomes() == []

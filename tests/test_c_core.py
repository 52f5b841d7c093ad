"""The C core's own tests (tests/c), built from source and run without Python: as it is shipped, in its
portable form, and under the address and undefined-behaviour sanitizers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).resolve().parent / "c"
CORE = TESTS.parent.parent / "csrc"

# Each is one C file and its arguments: a fuzzer's are a seed and a number of inputs.
PROGRAMS: dict[str, list[str]] = {
    "test_hash": [],
    "test_memory": [],
    "test_contract": [],
    "test_bulk": [],
    "test_columns": [],
    "test_operations": [],
    "test_go": [],
    "test_go_check": [],
    "test_swiss": [],
    "test_swiss_check": [],
    "test_elastic": [],
    "test_elastic_check": [],
    "test_strings": [],
    "test_cache": [],
    "test_cache_check": [],
    "test_failure": [],
    "test_plan": [],
    "test_snapshot": [],
    "test_shared": [],
    "test_beside": [],
    "test_soak": [],
    "fuzz_ops": ["1", "300"],
    "fuzz_snapshot": ["1", "20000"],
}

pytestmark = pytest.mark.long

WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Werror"]


@dataclass(frozen=True)
class Flavour:
    name: str
    flags: tuple[str, ...]


FLAVOURS = [
    Flavour("plain", ("-O2",)),
    # Without vector instructions and 128-bit integers; the tests themselves may use the latter.
    # Reservations of address space are small enough there to be outgrown. Threads run in parallel.
    Flavour(
        "portable",
        (
            "-O2",
            "-DGM_PORTABLE",
            "-U__SIZEOF_INT128__",
            "-DTEST_INT128",
            "-DTEST_SEEDS=6",
            "-DGM_RESERVE_LEAST=18",
            "-DGOMAP_THREADS=1",
        ),
    ),
    Flavour(
        "sanitized",
        (
            "-O1",
            "-g1",  # lines and functions: where each variable is takes the compiler half as long again
            "-fsanitize=address,undefined",
            "-fno-sanitize-recover=all",
            "-DTEST_SEEDS=6",
            "-DGM_RESERVE_LEAST=18",
            "-DGOMAP_THREADS=1",
        ),
    ),
]


def environment() -> dict[str, str]:
    """For the programs: a sanitizer preloaded into this interpreter is not theirs."""
    variables = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    variables["ASAN_OPTIONS"] = "quarantine_size_mb=64"  # room enough to catch a use after free
    variables["UBSAN_OPTIONS"] = "print_stacktrace=1"
    return variables


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=900, env=environment(), check=False)
    except subprocess.TimeoutExpired as expired:
        pytest.fail(str(expired))


def succeed(command: list[str]) -> None:
    done = run(command)
    if done.returncode != 0:
        pytest.fail(f"{' '.join(command)}\nended with {done.returncode}\n{done.stdout}{done.stderr}")


@pytest.fixture(scope="session")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> str:
    if sys.platform == "win32":
        pytest.skip("the C tests are for compilers with GCC's options")
    if not CORE.is_dir():
        pytest.skip(f"the C sources are not here: {CORE}")
    candidates = [os.environ.get("CC", ""), "cc", "gcc", "clang"]
    for candidate in candidates:
        found = shutil.which(candidate) if candidate else None
        if found:
            return found
    pytest.skip("no C compiler: tried $CC, cc, gcc and clang")


def can_build(compiler: str, flavour: Flavour, where: Path) -> bool:
    """Whether a program of this flavour comes to run at all: sanitizers have libraries of their own."""
    source = where / "nothing.c"
    source.write_text("int main(void) { return 0; }\n")
    program = where / "nothing"
    built = run([compiler, *flavour.flags, str(source), "-o", str(program)])
    return built.returncode == 0 and run([str(program)]).returncode == 0


@pytest.fixture(
    scope="session",
    params=FLAVOURS,
    ids=lambda flavour: flavour.name,
)
def results(
    request: pytest.FixtureRequest, compiler: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[None]]]:
    """Every program of a flavour on its way: compiled and run by as many threads as there are processors.

    The core is compiled once a flavour; as its jobs come first in the queue and wait for nothing, the
    programs may wait for them.
    """
    flavour: Flavour = request.param
    where = tmp_path_factory.mktemp(flavour.name)
    if not can_build(compiler, flavour, where):
        pytest.skip(f"{compiler} cannot build with {' '.join(flavour.flags)}")
    options = [*WARNINGS, *flavour.flags, f"-I{CORE}"]
    with ThreadPoolExecutor(os.cpu_count()) as pool:

        def compile_core(source: Path) -> str:
            made = where / f"core_{'_'.join(source.relative_to(CORE).with_suffix('').parts)}.o"
            succeed([compiler, *options, "-c", str(source), "-o", str(made)])
            return str(made)

        # An engine's kinds*.c, where it is made for every kind of key, take longest by far.
        sources = sorted(CORE.rglob("*.c"), key=lambda source: (not source.name.startswith("kinds"), source))
        core = [pool.submit(compile_core, source) for source in sources]

        def build_and_run(name: str, arguments: list[str]) -> None:
            made = where / f"{name}.o"
            program = where / name
            succeed([compiler, *options, "-c", str(TESTS / f"{name}.c"), "-o", str(made)])
            objects = [job.result() for job in core]
            succeed([compiler, *options, str(made), *objects, "-lm", "-o", str(program)])
            succeed([str(program), *arguments])

        yield {name: pool.submit(build_and_run, name, arguments) for name, arguments in PROGRAMS.items()}


@pytest.mark.parametrize("program", PROGRAMS)
def test_program(results: dict[str, Future[None]], program: str) -> None:
    results[program].result()


def test_every_program_is_run() -> None:
    assert {source.stem for source in TESTS.glob("*.c")} == set(PROGRAMS)

"""Measures gomap's C core against absl::flat_hash_map and Go's map, without Python in between.

    python benchmarks/core/run.py [--large]                  # three minutes, with --large forty; writes results/core.*
    python benchmarks/core/run.py --workload 8x1000 --print  # 8-byte values, 1,000 entries; writes nothing

Builds one program per map and value size in a temporary directory, runs them by turns, each run in
a process of its own, and prints medians and ratios; core.json holds every sample, core.md the tables.
What is not installed is left out. Standard library only.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
CSRC = HERE.parent.parent / "csrc"
RESULTS = HERE.parent / "results"

OPERATIONS = ("grow", "presized", "hit", "miss", "delete", "churn", "iterate")
VALUE_BYTES = (8, 128)
OWN = ("Map", "GoMap", "SwissMap")
OPTIMISE = ["-O3", "-DNDEBUG"]  # as the wheel is built; the same for C and C++
WARNINGS = ["-Wall", "-Wextra"]
HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")


@dataclass(frozen=True)
class Workload:
    value_bytes: int
    n: int

    @classmethod
    def parse(cls, text: str) -> Workload:
        value_bytes, x, n = text.partition("x")
        if not x or not value_bytes.isdigit() or not n.isdigit() or int(n) == 0:
            raise argparse.ArgumentTypeError(f"expected VALUE_BYTESxENTRIES as in 8x1000000, got {text!r}")
        if int(value_bytes) not in VALUE_BYTES:
            raise argparse.ArgumentTypeError(f"expected value bytes of {VALUE_BYTES}, got {value_bytes}")
        return cls(int(value_bytes), int(n))

    def __str__(self) -> str:
        value = "uint64" if self.value_bytes == 8 else f"[{self.value_bytes}]byte"
        return f"map[uint64]{value}, {self.n:,} entries"


DEFAULT_WORKLOADS = [
    Workload(8, 1_000),
    Workload(8, 100_000),
    Workload(8, 1_000_000),
    Workload(128, 1_000_000),
]
LARGE_WORKLOADS = [Workload(8, 10_000_000), Workload(8, 50_000_000)]


@dataclass(frozen=True)
class Program:
    """One map: its name in the results, and the executable for each value size."""

    name: str
    executables: dict[int, Path]
    environment: dict[str, str] = field(default_factory=dict)


@dataclass
class Results:
    """ns per operation: samples[workload][program][operation], one number a round."""

    samples: dict[Workload, dict[str, dict[str, list[float]]]] = field(default_factory=dict)

    def add(self, workload: Workload, program: str, ns: dict[str, float]) -> None:
        into = self.samples.setdefault(workload, {}).setdefault(program, {})
        for operation, value in ns.items():
            into.setdefault(operation, []).append(value)

    def median(self, workload: Workload, program: str, operation: str) -> float:
        return statistics.median(self.samples[workload][program][operation])

    def ratio(self, workload: Workload, own: str, other: str, operation: str) -> float:
        """Of a map of ours to another: the median of the rounds', whose runs are neighbours in time."""
        ours = self.samples[workload][own][operation]
        theirs = self.samples[workload][other][operation]
        return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


# ---- building


class Missing(Exception):
    """A compiler or library that a program needs is not installed."""


def tool(variable: str, default: str) -> list[str]:
    command = shlex.split(os.environ.get(variable, default))
    if shutil.which(command[0]) is None:
        raise Missing(f"no {command[0]} on the path (set {variable} to another)")
    return command


def build(command: list[str], cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode != 0:
        errors = "\n".join(done.stderr.splitlines()[:20])
        sys.exit(f"building failed: {shlex.join(command)}\n{errors}")


def build_gomap(directory: Path) -> list[Program]:
    cc = tool("CC", "cc")
    options = ["-std=c11", *OPTIMISE, *WARNINGS, f"-I{CSRC}"]
    objects = []
    for source in sorted(CSRC.rglob("*.c")):
        objects.append(str(directory / f"{'_'.join(source.relative_to(CSRC).with_suffix('').parts)}.o"))
        build([*cc, *options, "-c", str(source), "-o", objects[-1]])
    programs = []
    for name, engine in (("Map", "GOMAP_ELASTIC"), ("GoMap", "GOMAP_GO"), ("SwissMap", "GOMAP_SWISS")):
        executables = {}
        for size in VALUE_BYTES:
            executables[size] = directory / f"{name}-{size}"
            chosen = [f"-DVALUE_BYTES={size}", f"-DENGINE={engine}"]
            program = [str(HERE / "bench_gomap.c"), *objects, "-lm", "-o", str(executables[size])]
            build([*cc, *options, *chosen, *program])
        programs.append(Program(name, executables))
    return programs


def absl_flags() -> list[str]:
    pkg_config = tool("PKG_CONFIG", "pkg-config")
    done = subprocess.run([*pkg_config, "--cflags", "--libs", "absl_flat_hash_map"], capture_output=True, text=True)
    if done.returncode != 0:
        raise Missing("pkg-config knows no absl_flat_hash_map (Debian: libabsl-dev)")
    return shlex.split(done.stdout)


def build_absl(directory: Path) -> list[Program]:
    flags, cxx = absl_flags(), tool("CXX", "c++")
    executables = {}
    for size in VALUE_BYTES:
        executables[size] = directory / f"absl-{size}"
        ours = ["-std=c++17", *OPTIMISE, *WARNINGS, f"-DVALUE_BYTES={size}"]
        build([*cxx, *ours, str(HERE / "bench_absl.cc"), *flags, "-o", str(executables[size])])
    programs = [Program("absl", executables)]
    if platform.libc_ver()[0] == "glibc" and HUGE_PAGES.exists():
        # gomap asks the system for huge pages; here malloc does so for absl.
        programs.append(Program("absl-huge", executables, {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}))
    return programs


def build_go(directory: Path) -> list[Program]:
    go = tool("GO", "go")
    executables = {}
    for size in VALUE_BYTES:
        executables[size] = directory / f"go-{size}"
        tags = ["-tags", f"bytes{size}"]
        build([*go, "build", "-buildvcs=false", *tags, "-o", str(executables[size]), "."], cwd=HERE / "go")
    return [Program("go", executables)]


def build_all(directory: Path) -> list[Program]:
    try:
        programs = build_gomap(directory)
    except Missing as missing:
        sys.exit(f"gomap cannot be built: {missing}")
    for name, builder in (("absl::flat_hash_map", build_absl), ("Go's map", build_go)):
        try:
            programs += builder(directory)
        except Missing as missing:
            print(f"{name} is left out: {missing}", file=sys.stderr)
    return programs


# ---- measuring


def run(program: Program, workload: Workload, seed: int, operations: list[str]) -> dict[str, float]:
    command = [str(program.executables[workload.value_bytes]), str(workload.n), str(seed), *operations]
    environment = {**os.environ, **program.environment}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{program.name}, {workload}: exit status {done.returncode}\n{done.stderr}")
    ns: dict[str, float] = json.loads(done.stdout)["ns"]
    return ns


def progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text:<79}\r", end="", file=sys.stderr, flush=True)


def measure(programs: list[Program], workloads: list[Workload], rounds: int, operations: list[str]) -> Results:
    """By turns, so that a disturbance of the machine meets all alike; a round has keys of its own."""
    results = Results()
    for seed in range(1, rounds + 1):
        for workload in workloads:
            for program in programs:
                progress(f"round {seed} of {rounds}: {workload}, {program.name}")
                results.add(workload, program.name, run(program, workload, seed, operations))
    progress("")
    return results


# ---- reporting


def first_line(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout or done.stderr).strip().partition("\n")[0]


def cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def system_name() -> str:
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        name = platform.system()
    release = ".".join(platform.release().split(".")[:2])
    return f"{name}, {platform.system()} {release}"


def machine(names: Iterable[str]) -> dict[str, str]:
    facts = {"cpu": f"{cpu_model()}, {os.cpu_count()} cores", "system": system_name()}
    if HUGE_PAGES.exists():
        words = HUGE_PAGES.read_text().split()
        facts["transparent huge pages"] = next(word.strip("[]") for word in words if word.startswith("["))
    facts["C compiler"] = first_line([*tool("CC", "cc"), "--version"])
    if "absl" in names:
        facts["C++ compiler"] = first_line([*tool("CXX", "c++"), "--version"])
        facts["absl"] = first_line([*tool("PKG_CONFIG", "pkg-config"), "--modversion", "absl_flat_hash_map"])
    if "go" in names:
        facts["Go"] = first_line([*tool("GO", "go"), "version"])
    facts["flags"] = " ".join(OPTIMISE)
    return facts


def table(results: Results, workload: Workload) -> list[list[str]]:
    names = list(results.samples[workload])
    pairs = [(own, other) for own in OWN for other in names if other not in OWN]
    rows = [["ns/op", *names, *(f"{own}/{other}" for own, other in pairs)]]
    for operation in results.samples[workload][OWN[0]]:
        medians = [f"{results.median(workload, name, operation):.1f}" for name in names]
        ratios = [f"{results.ratio(workload, own, other, operation):.2f}" for own, other in pairs]
        rows.append([operation, *medians, *ratios])
    return rows


def as_text(rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for name, *cells in rows:
        right = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        lines.append("  ".join([name.ljust(widths[0]), *right]))
    return "\n".join(lines)


def as_markdown(rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|---|" + "---:|" * (len(rows[0]) - 1))
    return "\n".join(lines)


def report(results: Results, command: str, date: str, rounds: int, facts: dict[str, str]) -> str:
    parts = [
        "# The C core against absl::flat_hash_map and Go's map",
        f"Thread CPU time, medians of {rounds} rounds; a ratio is the median of the rounds' ratios, below 1 "
        "where ours is faster. What each operation is: [README](../README.md).",
        "\n".join(f"- {name}: {fact}" for name, fact in {"command": f"`{command}`", "date": date, **facts}.items()),
    ]
    for workload in results.samples:
        parts += [f"## {workload}", as_markdown(table(results, workload))]
    return "\n\n".join(parts) + "\n"


def write(results: Results, command: str, rounds: int) -> None:
    facts = machine(next(iter(results.samples.values())))
    date = datetime.date.today().isoformat()
    workloads = [
        {"value_bytes": workload.value_bytes, "entries": workload.n, "ns": samples}
        for workload, samples in results.samples.items()
    ]
    document = {"command": command, "date": date, "rounds": rounds, "machine": facts, "workloads": workloads}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "core.json").write_text(json.dumps(document) + "\n")
    (RESULTS / "core.md").write_text(report(results, command, date, rounds, facts))
    print("wrote benchmarks/results/core.json and core.md")


def main() -> None:
    parser = argparse.ArgumentParser(description="gomap's C core against absl::flat_hash_map and Go's map")
    parser.add_argument("--rounds", type=int, default=7, help="runs of each program (default 7)")
    parser.add_argument(
        "--workload",
        type=Workload.parse,
        action="append",
        metavar="BYTESxN",
        help="value bytes (8 or 128) and entries, as in 8x1000000; may be repeated",
    )
    parser.add_argument("--large", action="store_true", help="add 10,000,000 and 50,000,000 entries of 8 bytes")
    parser.add_argument("--operations", nargs="+", choices=OPERATIONS, default=list(OPERATIONS))
    parser.add_argument("--print", action="store_true", help="print the tables and write no files")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error(f"expected one round or more, got {arguments.rounds}")
    workloads = list(arguments.workload or DEFAULT_WORKLOADS)
    if arguments.large:
        workloads += LARGE_WORKLOADS

    with tempfile.TemporaryDirectory(prefix="gomap-bench-") as directory:
        programs = build_all(Path(directory))
        results = measure(programs, workloads, arguments.rounds, arguments.operations)
    for workload in results.samples:
        print(f"{workload}\n{as_text(table(results, workload))}\n")
    if not arguments.print:
        command = shlex.join(["python", "benchmarks/core/run.py", *sys.argv[1:]])
        write(results, command, arguments.rounds)


if __name__ == "__main__":
    main()

"""The longest single operation of a Map, and keys chosen against it: what averages do not show.

    python benchmarks/core/limits.py [--runs 7] [--write]     # about a minute; --write: results/limits.*

Builds limits.c with csrc/ in a temporary directory. Longest operations: a map of 4,000,000 entries grown and
emptied one by one, by the thread's processor time, of every run the longest; the median over the runs is the
figure, as one run in a virtual machine now and then catches an interruption of the machine below it: the row
"no map" is the same loop around a few multiplications. Families
of keys: the median over the runs of each family's time over the random keys' in the same run.
"""

from __future__ import annotations

import argparse
import json
import shlex
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import run as core  # the program beside this one

Family = dict[str, float]


def measure(program: Path, runs: int) -> dict[str, object]:
    def one(*arguments: str) -> dict[str, dict[str, float]]:
        answer: dict[str, dict[str, float]] = json.loads(
            subprocess.run([str(program), *arguments], check=True, capture_output=True, text=True).stdout
        )
        return answer

    return {
        "Map": [one("worst", "4000000") for _ in range(runs)],
        "GoMap": [one("worst-go", "4000000") for _ in range(max(1, runs // 2))],
        "no map": [one("nothing", "4000000") for _ in range(runs)],
        "keys": [one("keys", "1000000", str(seed)) for seed in range(1, runs + 1)],
    }


def report(found: dict[str, list[dict[str, dict[str, float]]]], command: str) -> str:
    lines = ["# The longest operation, and chosen keys", f"`{command}`"]
    lines += [f"- {name}: {fact}" for name, fact in core.machine([]).items()]
    lines += [
        "",
        "Longest operation on the way to 4,000,000 entries and back, ms: median of the runs (least, most)",
        "",
    ]
    lines += ["| | insertion | deletion |", "|---|---:|---:|"]
    for name in ("Map", "GoMap", "no map"):
        cells = []
        for operation in ("insert_ns", "delete_ns"):
            longest = [one[operation][0] / 1e6 for one in found[name]]  # type: ignore[index]
            cells.append(f"{statistics.median(longest):.2f} ({min(longest):.2f}, {max(longest):.2f})")
        lines.append(f"| {name} | {cells[0]} | {cells[1]} |")
    lines += ["", "1,000,000 keys of a family, as a share of the random keys' figure in the same run:", ""]
    lines += ["| keys | grow | hit | delete | bytes | displaced |", "|---|---:|---:|---:|---:|---:|"]
    for family in found["keys"][0]:
        cells = []
        for figure in ("grow", "hit", "delete", "bytes", "displaced"):
            shares = [one[family][figure] / one["random"][figure] for one in found["keys"]]
            cells.append(f"{statistics.median(shares):.2f}")
        lines.append(f"| {family} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--write", action="store_true", help="write benchmarks/results/limits.json and .md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gomap-limits-") as directory:
        program = Path(directory) / "limits"
        sources = [str(core.HERE / "limits.c"), *map(str, sorted(core.CSRC.rglob("*.c")))]
        flags = ["-std=c11", *core.OPTIMISE, *core.WARNINGS, f"-I{core.CSRC}"]
        core.build([*core.tool("CC", "cc"), *flags, *sources, "-lm", "-o", str(program)])
        found = measure(program, options.runs)
    text = report(found, shlex.join(["python", "benchmarks/core/limits.py", *sys.argv[1:]]))  # type: ignore[arg-type]
    print(text)
    if options.write:
        (core.RESULTS / "limits.json").write_text(json.dumps(found) + "\n")
        (core.RESULTS / "limits.md").write_text(text)


if __name__ == "__main__":
    main()

"""The bytes of a Map or Set: an entry's at 64 sizes, the peak of growing, what deleting leaves, and churn.

    python benchmarks/python/memory.py [--write]      # about six minutes; --write: results/memory.*

For each case one process grows a map from empty to 2,000,000 entries, looks at it at 64 sizes from
1,000,000 on, and compacts a copy at each; another grows one to 10,000,000. Bytes are `nbytes`; resident is
what the process grew by, read from the system at the end of filling. Standard library and gomap only.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import json
import platform
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import gomap

RESULTS = Path(__file__).resolve().parent.parent / "results"
SIZES = [1_000_000 + i * 1_000_000 // 63 for i in range(64)]


def resident() -> int:
    """Bytes of this process in memory."""
    gc.collect()
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4096


def number(i: int) -> int:
    """Distinct for distinct i, and spread like chance."""
    return (i * 0x9E3779B97F4A7C15 ^ 0x5DEECE66D) % 2**63


def identity(i: int) -> str:
    """Like a UUID: 32 hexadecimal digits and four hyphens."""
    digits = f"{number(i):016x}{number(i + 7):016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


class Case:
    """What is put in: keys by number, one value for all; no value in a Set."""

    def __init__(self, key_type: str, value_type: str | None, key: Any, value: Any, raw: int) -> None:
        self.key_type = key_type
        self.value_type = value_type
        self.key = key
        self.value = value
        self.raw = raw  # bytes of a key and a value

    def make(self) -> Any:
        return gomap.Set(self.key_type) if self.value_type is None else gomap.Map(self.key_type, self.value_type)

    def put(self, m: Any, i: int) -> None:
        if self.value_type is None:
            m.add(self.key(i))
        else:
            m[self.key(i)] = self.value

    def remove(self, m: Any, i: int) -> None:
        if self.value_type is None:
            m.remove(self.key(i))
        else:
            del m[self.key(i)]


STRUCT = "struct{refcount uint32; size uint32; csize uint32}"


def digest(i: int) -> bytes:
    return number(i).to_bytes(32, "big")


CASES = {
    "int to int": Case("int", "int", number, 1_000_000, 8 + 8),
    "int to [128]byte": Case("int", "[128]byte", number, bytes(range(128)), 8 + 128),
    "int to *[128]byte": Case("int", "*[128]byte", number, bytes(range(128)), 8 + 128),
    "str of 16 to int": Case("string", "int", lambda i: f"{number(i):016x}", 1_000_000, 16 + 8),
    "str of 36 to int": Case("string", "int", identity, 1_000_000, 36 + 8),
    "[32]byte to struct": Case("[32]byte", STRUCT, lambda i: number(i).to_bytes(32, "big"), (1, 2, 3), 32 + 12),
    "Set of uint64": Case("uint64", None, number, None, 8),
}


def sweep(case: Case) -> dict[str, Any]:
    m = case.make()
    grown, compact, peaks, n = [], [], [], 0
    before = resident()
    for size in SIZES:
        while n < size:
            case.put(m, n)
            n += 1
        if size == SIZES[0]:
            resident_ratio = (resident() - before) / m.nbytes
        memory = m.memory()
        grown.append(memory.total / n)
        peaks.append(memory.peak / memory.total)
        copy = m.copy()
        copy.compact()
        compact.append(copy.nbytes / n)
        del copy
    return {
        "mean": sum(grown) / 64,
        "max": max(grown),
        "compact_mean": sum(compact) / 64,
        "compact_max": max(compact),
        "peak_max": max(peaks),
        "resident": resident_ratio,
    }


def large(case: Case) -> dict[str, Any]:
    m = case.make()
    before, n = resident(), 10_000_000
    for i in range(n):
        case.put(m, i)
    memory = m.memory()
    answer = {
        "grown": memory.total / n,
        "peak": memory.peak / memory.total,
        "resident": (resident() - before) / memory.total,
    }
    m.compact()
    return {**answer, "compact": m.nbytes / n, "compact_resident": (resident() - before) / m.nbytes}


def peaks(case: Case) -> dict[str, Any]:
    """The worst peak of growing from empty, over what is held, at sizes from 100,000 on."""
    m = case.make()
    worst = 0.0
    for i in range(400_000):
        case.put(m, i)
        if i >= 99_999 and i % 500 == 499:
            memory = m.memory()
            worst = max(worst, memory.peak / memory.total)
    return {"worst": worst}


def deleting(case: Case) -> dict[str, Any]:
    m = case.make()
    empty, before, n = m.nbytes, resident(), 1_000_000
    for i in range(n):
        case.put(m, i)
    peak, resident_peak, answer = m.nbytes, resident() - before, {}
    order = list(range(n))
    random.Random(1).shuffle(order)
    held = resident() - before - resident_peak  # the list, not the map
    for left in (n // 2, n // 10, 1000, 0):
        while len(m) > left:
            case.remove(m, order.pop())
        answer[f"at {left}"] = m.nbytes
    order.clear()
    return {
        "empty": empty,
        "peak": peak,
        **answer,
        "resident_peak": resident_peak,
        "resident_end": resident() - before,
        "list": held,
    }


def churn(case: Case) -> dict[str, Any]:
    """A window that slides over the keys: a new one comes, the oldest goes, ten times over."""
    m, n = case.make(), 1_000_000
    for i in range(n):
        case.put(m, i)
    begun, stats = m.nbytes, m.stats()
    worst = begun
    for i in range(n, 11 * n):
        case.put(m, i)
        case.remove(m, i - n)
        if i % 1000 == 0:
            worst = max(worst, m.nbytes)
    after = m.stats()
    return {
        "worst": worst / begun,
        "splits": after.splits - stats.splits,
        "merges": after.merges - stats.merges,
    }


def small(case: Case) -> dict[str, Any]:
    m = case.make()
    answer = {"0": sys.getsizeof(m)}
    for i in range(1000):
        case.put(m, i)
        if i + 1 in (1, 8, 100, 1000):
            answer[str(i + 1)] = sys.getsizeof(m)
    return answer


PARTS = {"sweep": sweep, "large": large, "peaks": peaks, "deleting": deleting, "churn": churn, "small": small}


def in_a_process(part: str, case: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, __file__, "--part", part, case], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{part} of {case} failed:\n{done.stderr}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def report(found: dict[str, dict[str, dict[str, Any]]], command: str) -> str:
    per_entry, life, small_rows = [], [], []
    for name, case in CASES.items():
        parts = found[name]
        s, big, gone, turn = parts["sweep"], parts["large"], parts["deleting"], parts["churn"]
        per_entry.append(
            [
                name,
                str(case.raw),
                f"{s['mean']:.2f}",
                f"{s['max']:.2f}",
                f"{s['compact_max']:.2f}",
                f"{big['grown']:.2f}",
                f"{big['compact']:.2f}",
                f"{s['resident']:.3f}",
                f"{big['resident']:.3f}",
            ]
        )
        life.append(
            [
                name,
                f"{parts['peaks']['worst']:.3f}",
                f"{gone['peak']:,}",
                f"{gone['at 500000']:,}",
                f"{gone['at 1000']:,}",
                f"{gone['at 0']:,}",
                f"{turn['worst']:.3f}",
                f"{turn['splits']:,}",
                f"{turn['merges']:,}",
            ]
        )
        sizes = parts["small"]
        small_rows.append([name, *(f"{sizes[n]:,}" for n in sizes)])
    return (
        "\n\n".join(
            [
                "# The bytes of a Map",
                f"`{command}`, Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
                f"{datetime.date.today().isoformat()}. What each figure is: the program's first lines.",
                "Bytes an entry, at 64 sizes from 1,000,000 to 2,000,000 and at 10,000,000; "
                "resident memory over counted bytes:",
                table(
                    [
                        "",
                        "raw",
                        "mean",
                        "max",
                        "compact, max",
                        "10M",
                        "10M compact",
                        "resident",
                        "10M resident",
                    ],
                    per_entry,
                ),
                "A life: the peak of growing over what is held, from 100,000 entries on; bytes of 1,000,000 "
                "entries and after deleting; ten times 1,000,000 new keys for old, the worst over the start:",
                table(
                    [
                        "",
                        "peak",
                        "1,000,000",
                        "500,000 left",
                        "1,000 left",
                        "none left",
                        "churn",
                        "splits",
                        "merges",
                    ],
                    life,
                ),
                "Small maps, `sys.getsizeof` (the Python object and all it holds):",
                table(["entries", "0", "1", "8", "100", "1,000"], small_rows),
            ]
        )
        + "\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", nargs=2, metavar=("PART", "CASE"), help=argparse.SUPPRESS)
    parser.add_argument("--write", action="store_true", help="write benchmarks/results/memory.json and .md")
    options = parser.parse_args()
    if options.part:
        print(json.dumps(PARTS[options.part[0]](CASES[options.part[1]])))
        return
    found = {name: {part: in_a_process(part, name) for part in PARTS} for name in CASES}
    text = report(found, "python benchmarks/python/memory.py " + " ".join(sys.argv[1:]))
    print(text)
    if options.write:
        (RESULTS / "memory.json").write_text(json.dumps(found, indent=1) + "\n")
        (RESULTS / "memory.md").write_text(text)


if __name__ == "__main__":
    main()

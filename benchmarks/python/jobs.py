"""Whole jobs on real text: what people do with a dict of strings, by gomap, dict, pandas, polars and pyarrow.

    python -m pip install . numpy pandas polars pyarrow
    python benchmarks/python/jobs.py [--words 7200000] [--rounds 3] [--only count,join,...] [--write]

The text is the sources of Python's own standard library, read again from the start when it ends. Each job of each
peer runs in a process of its own, a new one every round, and the rounds go over all of them by turns. A peer gets
its input in its own form, which is made beforehand: a list for dict and for "gomap, list", an Arrow array for
"gomap, Arrow" and pyarrow, a Series for pandas and polars.

    count      how often each word comes
    encode     a vocabulary of the words, and the word's code for each
    join       a price by the text id of a product: ids of a table of sales, prices of a table of products
    distinct   the distinct lines, in the order in which they first come
    index      an inverted index: for each word the numbers of the lines that it is in, and a look-up of 1,000 words
    digests    500,000 digests of 32 bytes, each with its offset, and a look-up of all in another order

Time is the wall's, peak the process's highest resident memory beyond what it was before, lines those of the function
that does the job. polars and pyarrow use all cores; the others use one.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import importlib.metadata
import inspect
import json
import random
import re
import shlex
import statistics
import subprocess
import sys
import sysconfig
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent.parent / "results"
DIGESTS = 500_000
Job = Callable[..., Any]


# ---- the text ---------------------------------------------------------------------------------------


def text_lines() -> Iterator[str]:
    """The lines of the standard library's sources, again and again."""
    files = sorted(Path(sysconfig.get_paths()["stdlib"]).rglob("*.py"))
    files = [file for file in files if "site-packages" not in file.parts]
    while True:
        for file in files:
            yield from file.read_text(encoding="utf-8", errors="replace").splitlines()


def words_of(n: int) -> tuple[list[str], list[int]]:
    """The first n words, and for each the number of its line."""
    words: list[str] = []
    numbers: list[int] = []
    for number, line in enumerate(text_lines()):
        found = re.findall(r"\w+", line)
        words += found
        numbers += [number] * len(found)
        if len(words) >= n:
            return words[:n], numbers[:n]
    raise AssertionError


def lines_of(n: int) -> list[str]:
    """As many lines as have n words or so."""
    return [line for line, _ in zip(text_lines(), range(n // 4), strict=False)]


# ---- what each peer does ----------------------------------------------------------------------------


def count_dict(words: list[str]) -> Any:
    return Counter(words)


def count_gomap(words: Any) -> Any:
    counts = Map(str, "uint32")
    counts.add_many(words)
    return counts


def count_pandas(words: Any) -> Any:
    return words.value_counts(sort=False)


def count_polars(words: Any) -> Any:
    return words.value_counts()


def count_pyarrow(words: Any) -> Any:
    return words.value_counts()


def encode_dict(words: list[str]) -> Any:
    codes: dict[str, int] = {}
    return [codes.setdefault(word, len(codes)) for word in words], codes


def encode_gomap(words: Any) -> Any:
    return Map.factorize(words, key=str)


def encode_pandas(words: Any) -> Any:
    return pandas.factorize(words)


def encode_polars(words: Any) -> Any:
    categories = words.unique(maintain_order=True)
    return words.cast(polars.Enum(categories)).to_physical(), categories


def encode_pyarrow(words: Any) -> Any:
    return words.dictionary_encode()


def join_dict(ids: list[str], products: list[str], prices: Any) -> Any:
    price_of = dict(zip(products, prices, strict=True))
    return [price_of.get(each, 0.0) for each in ids]


def join_gomap(ids: Any, products: Any, prices: Any) -> Any:
    return Map[str, float].from_arrays(products, prices).get_many(ids, 0.0)


def join_pandas(ids: Any, products: Any, prices: Any) -> Any:
    right = pandas.DataFrame({"id": products, "price": prices})
    return pandas.DataFrame({"id": ids}).merge(right, how="left", on="id")["price"]


def join_polars(ids: Any, products: Any, prices: Any) -> Any:
    right = polars.DataFrame({"id": products, "price": prices})
    return polars.DataFrame({"id": ids}).join(right, how="left", on="id", maintain_order="left")["price"]


def join_pyarrow(ids: Any, products: Any, prices: Any) -> Any:
    right = pyarrow.table({"id": products, "price": prices})
    return pyarrow.table({"id": ids}).join(right, "id")["price"]  # in any order


def distinct_dict(lines: list[str]) -> Any:
    return list(dict.fromkeys(lines))


def distinct_gomap(lines: Any) -> Any:
    return Map.factorize(lines, key=str)[1]


def distinct_pandas(lines: Any) -> Any:
    return lines.unique()


def distinct_polars(lines: Any) -> Any:
    return lines.unique(maintain_order=True)


def distinct_pyarrow(lines: Any) -> Any:
    return lines.unique()


def index_dict(words: list[str], numbers: Any, wanted: list[str]) -> Any:
    postings = defaultdict(list)
    for word, number in zip(words, numbers, strict=True):
        postings[word].append(number)
    return sum(len(postings[word]) for word in wanted), postings


def index_gomap(words: Any, numbers: Any, wanted: list[str]) -> Any:
    postings = group(words, numbers, key=str)
    return sum(len(postings[word]) for word in wanted), postings


def index_pandas(words: Any, numbers: Any, wanted: list[str]) -> Any:
    postings = pandas.Series(numbers).groupby(words).indices
    return sum(len(postings[word]) for word in wanted), postings


def index_polars(words: Any, numbers: Any, wanted: list[str]) -> Any:
    postings = polars.DataFrame({"word": words, "line": numbers}).group_by("word").agg("line")
    found = postings.filter(polars.col("word").is_in(wanted))
    return sum(map(len, found["line"])), postings


def digests_dict(digests: list[bytes], offsets: Any, wanted: list[bytes]) -> Any:
    offset_of = dict(zip(digests, offsets, strict=True))
    return [offset_of[digest] for digest in wanted]


def digests_gomap(digests: Any, offsets: Any, wanted: Any) -> Any:
    return Map["[32]byte", int].from_arrays(digests, offsets).get_many(wanted)


def digests_pandas(digests: Any, offsets: Any, wanted: Any) -> Any:
    return pandas.Series(offsets, index=digests).reindex(wanted)


def digests_polars(digests: Any, offsets: Any, wanted: Any) -> Any:
    right = polars.DataFrame({"digest": digests, "offset": offsets})
    return polars.DataFrame({"digest": wanted}).join(right, how="left", on="digest", maintain_order="left")["offset"]


# ---- inputs -----------------------------------------------------------------------------------------

PEERS = ["gomap, Arrow", "gomap, list", "dict", "pandas", "polars", "pyarrow"]
JOBS = ["count", "encode", "join", "distinct", "index", "digests"]


def function_of(job: str, peer: str) -> Job | None:
    return globals().get(f"{job}_{peer.partition(',')[0]}")


def in_form(peer: str, column: list[Any]) -> Any:
    """A column as the peer has it."""
    if peer in ("pandas",):
        return pandas.Series(column, dtype="str" if isinstance(column[0], str) else object)
    if peer == "polars":
        return polars.Series(column)
    if peer in ("pyarrow", "gomap, Arrow"):
        kind = pyarrow.binary(32) if isinstance(column[0], bytes) else None
        return pyarrow.array(column, kind)
    return column


def numbers_for(peer: str, numbers: list[int] | list[float]) -> Any:
    return numbers if peer == "dict" else numpy.array(numbers)


def inputs(job: str, peer: str, n: int) -> tuple[Any, ...]:
    rng = random.Random(1)
    if job in ("count", "encode"):
        return (in_form(peer, words_of(n)[0]),)
    if job == "distinct":
        return (in_form(peer, lines_of(n)),)
    if job == "index":
        words, numbers = words_of(n)
        wanted = rng.sample(sorted(set(words)), 1000)
        return in_form(peer, words), numbers_for(peer, numbers), wanted
    if job == "join":
        products = [f"product {number:x}" for number in rng.sample(range(2**40), n // 8)]
        ids = [rng.choice(products) for _ in range(n // 2)]
        prices = [float(i) for i in range(len(products))]
        return in_form(peer, ids), in_form(peer, products), numbers_for(peer, prices)
    digests = [hashlib.sha256(str(i).encode()).digest() for i in range(DIGESTS)]
    wanted = rng.sample(digests, DIGESTS)
    return in_form(peer, digests), numbers_for(peer, list(range(DIGESTS))), in_form(peer, wanted)


# ---- measuring --------------------------------------------------------------------------------------


def high_water() -> int:
    """The process's highest resident memory since it was last reset, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+)", status)
    return int(found[1]) * 1024 if found else 0


def measure(job: str, peer: str, n: int) -> dict[str, float]:
    given = inputs(job, peer, n)
    function = function_of(job, peer)
    assert function is not None
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the highest so far is what there is now
    before = high_water()
    start = time.perf_counter()
    kept = function(*given)
    seconds = time.perf_counter() - start
    del kept
    return {"seconds": seconds, "peak": high_water() - before}


def lines_in(function: Job) -> int:
    """Those of the body."""
    return len(inspect.getsource(function).strip().splitlines()) - 1


def in_a_process(job: str, peer: str, n: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--words", str(n), "--child", job, peer]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


# ---- the results ------------------------------------------------------------------------------------


def table(job: str, samples: dict[str, list[dict[str, float]]]) -> list[str]:
    rows = ["| | seconds | of dict's | peak, MB | of dict's | lines |", "|---|---:|---:|---:|---:|---:|"]
    median = {
        peer: {what: statistics.median(each[what] for each in runs) for what in runs[0]}
        for peer, runs in samples.items()
    }
    for peer, found in sorted(median.items(), key=lambda item: item[1]["seconds"]):
        function = function_of(job, peer)
        assert function is not None
        base = median["dict"]
        rows.append(
            f"| {peer} | {found['seconds']:.3f} | {found['seconds'] / base['seconds']:.2f} | "
            f"{found['peak'] / 1e6:,.0f} | {found['peak'] / base['peak']:.2f} | {lines_in(function)} |"
        )
    return rows


def about(command: str, n: int, rounds: int) -> list[str]:
    from gomap.measure import machine  # not before: the others' processes are without gomap

    names = ("numpy", "pandas", "polars", "pyarrow")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    return [
        f"- command: `{command}`",
        f"- date: {datetime.date.today().isoformat()}",
        f"- machine: {machine.described()}",
        f"- {versions}",
        f"- {n:,} words, {len(set(words_of(n)[0])):,} distinct; medians of {rounds} rounds",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=int, default=7_200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(JOBS))
    parser.add_argument("--write", action="store_true", help="write results/jobs.json and results/jobs.md")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(measure(*arguments.child, arguments.words)))
        return
    samples: dict[str, dict[str, list[dict[str, float]]]] = {}
    for _ in range(arguments.rounds):
        for job in arguments.only.split(","):
            for peer in PEERS:
                if function_of(job, peer):
                    runs = samples.setdefault(job, {}).setdefault(peer, [])
                    runs.append(in_a_process(job, peer, arguments.words))
    command = shlex.join(["python", "benchmarks/python/jobs.py", *sys.argv[1:]])
    parts = ["# Whole jobs on real text", "", *about(command, arguments.words, arguments.rounds)]
    for job, found in samples.items():
        parts += ["", f"## {job}", "", *table(job, found)]
    text = "\n".join(parts) + "\n"
    print(text)
    if arguments.write:
        (RESULTS / "jobs.md").write_text(text, encoding="utf-8")
        (RESULTS / "jobs.json").write_text(json.dumps({"command": command, "samples": samples}, indent=1) + "\n")


if __name__ == "__main__":
    import numpy
    import pandas
    import polars
    import pyarrow

    import gomap
    from gomap import Map

    group = getattr(gomap, "group", None)
    main()

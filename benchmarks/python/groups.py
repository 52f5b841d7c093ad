"""An inverted index: gomap.group beside defaultdict(list), on words that occur as in a text.

    python benchmarks/python/groups.py [--write]      # about two minutes; --write: results/groups.*

Word number r of the vocabulary occurs in proportion to 1 / r, as Zipf's law has it; values are the places of the words.
Each way has a process of its own, and they take turns; times are processor time, medians of the rounds. Bytes are
`gomap.sizeof` of the dict with its lists and places, and `nbytes` of the groups. Every index is compared with the
tokens. `arrow` needs pyarrow and is left out without it.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import importlib.util
import itertools
import json
import platform
import random
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import gomap

RESULTS = Path(__file__).resolve().parent.parent / "results"
WAYS = {
    "dict": "`defaultdict(list)`, a list of `str`",
    "list": "`group`, the list",
    "arrow": "`group`, an Arrow array",
}


def corpus(count: int, vocabulary: int) -> list[str]:
    """Words in random order, each token an object of its own, as text that is split has them."""
    words = [f"{random.Random(i).randrange(16 ** (2 + i % 9)):x}{i:x}" for i in range(vocabulary)]
    weights = list(itertools.accumulate(1 / (i + 1) for i in range(vocabulary)))
    return " ".join(random.Random(1).choices(words, cum_weights=weights, k=count)).split(" ")


def measure(way: str, count: int, vocabulary: int) -> dict[str, Any]:
    """Seconds and bytes, in this process."""
    tokens = corpus(count, vocabulary)
    given: Any = tokens
    if way == "arrow":
        import pyarrow

        given = pyarrow.array(tokens)
    gc.collect()
    begin = time.process_time()
    if way == "dict":
        lists: dict[str, list[int]] = defaultdict(list)
        for place, word in enumerate(given):
            lists[word].append(place)
        index: Any = lists
    else:
        index = gomap.group(given) if way == "arrow" else gomap.group(given, key=str)
    seconds = time.process_time() - begin
    for word in itertools.islice(index, 0, None, 97):
        assert all(tokens[place] == word for place in index[word]), word
    held = gomap.sizeof(index) if way == "dict" else index.nbytes
    return {
        "seconds": seconds,
        "bytes": held,
        "keys": len(index),
        "values": sum(map(len, dict(index.items()).values())),
    }


def in_a_process(way: str, count: int, vocabulary: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--way", way, "--tokens", str(count), "--vocabulary", str(vocabulary)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def report(found: dict[str, list[dict[str, Any]]], count: int, command: str) -> str:
    seconds = {way: statistics.median(each["seconds"] for each in rounds) for way, rounds in found.items()}
    held = {way: rounds[0]["bytes"] for way, rounds in found.items()}
    keys = found["dict"][0]["keys"]
    lines = [
        "# An inverted index",
        "",
        f"`{command}`, Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{datetime.date.today()}",
        "",
        f"{count:,} words, {keys:,} of them distinct, to the places where they stand. Ratios are to `defaultdict`.",
        "",
        "| | seconds | ratio | MB | ratio | bytes a word |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for way, rounds in found.items():
        assert {each["keys"] for each in rounds} == {keys}
        assert {each["values"] for each in rounds} == {count}
        lines.append(
            f"| {WAYS[way]} | {seconds[way]:.2f} | {seconds['dict'] / seconds[way]:.1f} | {held[way] / 2**20:.1f} | "
            f"{held['dict'] / held[way]:.1f} | {held[way] / count:.1f} |"
        )
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=7_000_000)
    parser.add_argument("--vocabulary", type=int, default=300_000)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        print(json.dumps(measure(options.way, options.tokens, options.vocabulary)))
        return
    found: dict[str, list[dict[str, Any]]] = {
        way: [] for way in WAYS if way != "arrow" or importlib.util.find_spec("pyarrow")
    }
    for _ in range(options.rounds):
        for way, rounds in found.items():
            rounds.append(in_a_process(way, options.tokens, options.vocabulary))
    command = " ".join(["python benchmarks/python/groups.py", *sys.argv[1:]])
    text = report(found, options.tokens, command)
    print(text)
    if options.write:
        (RESULTS / "groups.json").write_text(json.dumps({"command": command, "rounds": found}) + "\n")
        (RESULTS / "groups.md").write_text(text)


if __name__ == "__main__":
    main()

"""What the README, the documents and the docstrings show is what happens, and the reference is complete.

In docs/*.md every block of ```python is run. A line `<!-- needs: NAME -->` lets the blocks from there to the
next heading be run apart from the rest, with names of their own, and left out where NAME is not to be had
(NEEDS). A line `<!-- sizes with the interpreter's lock -->` before a block says that it prints the bytes of a dict or
set: a build without that lock has other numbers there, and all but the numbers is compared.
"""

from __future__ import annotations

import ast
import doctest
import importlib.util
import inspect
import itertools
import re
import warnings
from dataclasses import dataclass
from mmap import PAGESIZE
from pathlib import Path
from typing import Any

import pytest
from error_cases import CASES, DOCUMENT, row, shown
from support import FREE_THREADED

import gomap
import gomap.dask
from gomap import _core, files, types, views

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
DOCUMENTS = ROOT / "docs"
REFERENCE = DOCUMENTS / "reference.md"

# ---- examples ------------------------------------------------------------------------------------------

#: What examples may need, and whether it is there.
NEEDS = {
    "numpy": importlib.util.find_spec("numpy") is not None,
    "pyarrow": importlib.util.find_spec("pyarrow") is not None,
    "dask": all(importlib.util.find_spec(name) for name in ("distributed", "pandas", "pyarrow")),
    "resident memory": Path("/proc/self/smaps_rollup").exists(),
    "glibc's blocks, pages of 4 KiB": PAGESIZE == 4096 and _core.heap_bytes(700) == 720,
}

_NEED = re.compile(r"<!-- needs: (.+) -->")
_SIZED = re.compile(r"(?ms)^<!-- sizes with the interpreter's lock -->\n\n```python$.*?^```$")
_NUMBER = re.compile(r"\d[\d,.]*")

OTHER_NUMBERS = doctest.register_optionflag("OTHER_NUMBERS")


class Checker(doctest.OutputChecker):
    """Takes any number for another where an example may print others."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        if optionflags & OTHER_NUMBERS:
            want, got = _NUMBER.sub("0", want), _NUMBER.sub("0", got)
        return super().check_output(want, got, optionflags)


def examples(document: Path) -> dict[str, str]:
    """The blocks of a document by what they need, "" for nothing. The other lines are blank."""
    lines = document.read_text(encoding="utf-8").splitlines()
    found: dict[str, list[str]] = {}
    need, within = "", False
    for number, line in enumerate(lines):
        if within and line == "```":
            within = False
        elif within:
            found.setdefault(need, [""] * len(lines))[number] = line
        elif line == "```python":
            within = True
        elif line.startswith("#"):
            need = ""
        elif match := _NEED.fullmatch(line):
            need = match[1]
    return {need: "\n".join(kept) for need, kept in found.items()}


def sized(document: Path) -> set[int]:
    """The lines of the blocks that print bytes of a dict or set, from 0 on."""
    text = document.read_text(encoding="utf-8")
    blocks = (match.span() for match in _SIZED.finditer(text))
    return {line for begin, end in blocks for line in range(text.count("\n", 0, begin), text.count("\n", 0, end))}


def run(document: Path, need: str) -> doctest.TestResults:
    text = examples(document)[need]
    test = doctest.DocTestParser().get_doctest(text, {}, document.name, str(document), 0)
    if FREE_THREADED:
        others = sized(document)
        for example in test.examples:
            if example.lineno in others:
                example.options[OTHER_NUMBERS] = True
    with warnings.catch_warnings():
        # A library may have started threads that a forked child, which only reads, does not need.
        warnings.filterwarnings("ignore", ".* use of fork", DeprecationWarning)
        return doctest.DocTestRunner(Checker()).run(test)


PARTS = [(document, need) for document in sorted(DOCUMENTS.glob("*.md")) for need in examples(document)]


@pytest.mark.parametrize(
    ("document", "need"), PARTS, ids=[f"{document.name} {need}".rstrip() for document, need in PARTS]
)
def test_document(document: Path, need: str) -> None:
    if need and not NEEDS[need]:
        pytest.skip(f"{need} is not to be had here")
    assert run(document, need).failed == 0


def test_examples_are_found() -> None:
    if not DOCUMENTS.exists():
        pytest.skip("docs are not beside the tests")
    for document in (*DOCUMENTS.glob("*.md"), README):
        written = document.read_text(encoding="utf-8")
        found = sum(text.count("\n>>> ") for text in examples(document).values())
        assert found == written.count("\n>>> "), f"{document.name}: an example stands in no ```python block"
        marked = written.count("<!-- sizes ")
        assert marked == len(_SIZED.findall(written)), f"{document.name}: a mark stands before no block"
    assert {need for _, need in PARTS if need} <= set(NEEDS)


def test_readme() -> None:
    if not README.exists():
        pytest.skip("README.md is not beside the tests")
    result = run(README, "")
    assert result.attempted > 10
    assert result.failed == 0


def test_docstrings() -> None:
    for cls in (_core.Map, _core.GoMap, _core.SwissMap, _core.Set):
        name = cls.__name__
        found = doctest.DocTestFinder(recurse=False).find(cls, name, globs={name: cls})
        results = [doctest.DocTestRunner().run(example) for example in found]
        assert sum(result.attempted for result in results) > 0
        assert sum(result.failed for result in results) == 0


# ---- links ---------------------------------------------------------------------------------------------


def anchors(document: Path) -> set[str]:
    """What links may lead to in a document, as GitHub makes them of headings."""
    text = re.sub(r"(?ms)^```.*?^```$", "", document.read_text(encoding="utf-8"))
    found: set[str] = set()
    for heading in re.findall(r"(?m)^#+ (.+)$", text):
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        numbered = (f"{name}-{i}" for i in itertools.count(1))
        found.add(name if name not in found else next(each for each in numbered if each not in found))
    return found


def test_links() -> None:
    if not DOCUMENTS.exists():
        pytest.skip("docs are not beside the tests")
    broken = []
    for document in [*DOCUMENTS.glob("*.md"), README, ROOT / "CONTRIBUTING.md"]:
        text = re.sub(r"(?s)```.*?```|`[^`]*`", "", document.read_text(encoding="utf-8"))
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            if "://" in link:
                continue
            path, _, anchor = link.partition("#")
            target = (document.parent / path).resolve() if path else document
            if not target.exists() or (anchor and anchor not in anchors(target)):
                broken.append(f"{document.name}: {link}")
    assert broken == []


# ---- errors --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", [case for cases in CASES.values() for case in cases])
def test_errors(case: str) -> None:
    if not DOCUMENT.exists():
        pytest.skip("docs are not beside the tests")
    if "import numpy" in case and importlib.util.find_spec("numpy") is None:
        pytest.skip("NumPy is not installed")
    assert row(case) in shown().splitlines()


def test_no_other_errors() -> None:
    if not DOCUMENT.exists():
        pytest.skip("docs are not beside the tests")
    rows = [line for line in shown().splitlines() if line.startswith("| ``")]
    assert len(rows) == sum(map(len, CASES.values()))


# ---- the reference -------------------------------------------------------------------------------------
#
# docs/reference.md has a section for one class, module or several: "## `Map`, `GoMap`". In it a name has an
# entry: a heading "### `get(key, default=None, /)`", which is of all the section's classes, or a row of a
# table whose first column is called "name".


@dataclass(frozen=True)
class Entry:
    """An entry of the reference.

    :ivar owner: the class or module, as the section's heading names it
    :ivar signature: from the opening parenthesis on; empty for what is not called
    """

    owner: str
    name: str
    signature: str

    def __str__(self) -> str:
        return f"{self.owner}.{self.name}{self.signature}"


#: Whatever the reference must have every public name of.
OWNERS: dict[str, Any] = {
    "gomap": gomap,
    "Map": gomap.Map,
    "GoMap": gomap.GoMap,
    "SwissMap": gomap.SwissMap,
    "BaseMap": gomap.BaseMap,
    "Set": gomap.Set,
    "Cache": gomap.Cache,
    "CacheStats": gomap.CacheStats,
    "ArrowColumn": gomap.ArrowColumn,
    "MemoryReport": gomap.MemoryReport,
    "Stats": gomap.Stats,
    "Groups": gomap.Groups,
    "Advice": gomap.Advice,
    "Estimate": gomap.Estimate,
    "Comparison": gomap.Comparison,
    "gomap.dask": gomap.dask,
    "ShardedMap": gomap.dask.ShardedMap,
    "WorkerMemory": gomap.dask.WorkerMemory,
    "gomap.files": files,
    "FileInfo": files.FileInfo,
    "Section": files.Section,
    "gomap.types": types,
    "Type": types.Type,
    "Field": types.Field,
    "Kind": types.Kind,
    "MapKeysView": views.MapKeysView,
    "MapValuesView": views.MapValuesView,
    "MapItemsView": views.MapItemsView,
}


def entries() -> list[Entry]:
    found: list[Entry] = []
    owners: list[str] = []
    columns = False  # in a table of names
    for line in REFERENCE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            owners = re.findall(r"`([\w.]+)`", line)
        columns = line.startswith("| name |") or (columns and line.startswith("|"))
        match = re.match(r"### `(\w+)(.*?)`$", line) or (columns and re.match(r"\| `(\w+)(.*?)` \|", line))
        if match:
            found += [Entry(owner, match[1], match[2]) for owner in owners]
    return found


def public(owner: Any) -> set[str]:
    """The names that a class or module has for others to use."""
    if inspect.ismodule(owner):
        return set(owner.__all__)
    if owner is types.Kind:
        return {kind.name for kind in types.Kind}
    fields = getattr(owner, "__dataclass_fields__", ())
    return {name for name in dir(owner) if not name.startswith("_")} | set(fields)


def test_reference_has_every_name() -> None:
    if not REFERENCE.exists():
        pytest.skip("docs are not beside the tests")
    known = {(entry.owner, entry.name) for entry in entries()}
    sections = {owner for owner, _ in known}
    missing, unknown = [], []
    for owner_name, owner in OWNERS.items():
        named = {name for of, name in known if of == owner_name}
        if inspect.ismodule(owner):
            named |= sections & public(owner)  # classes with a section of their own
        else:
            named.discard(owner_name)  # the constructor
        missing += [f"{owner_name}.{name}" for name in sorted(public(owner) - named)]
        unknown += [f"{owner_name}.{name}" for name in sorted(named - public(owner))]
    unknown += sorted(sections - set(OWNERS))
    assert not missing, f"docs/reference.md has no entry for {', '.join(missing)}"
    assert not unknown, f"docs/reference.md has entries for what does not exist: {', '.join(unknown)}"


def test_reference_has_every_name_once() -> None:
    if not REFERENCE.exists():
        pytest.skip("docs are not beside the tests")
    names = [(entry.owner, entry.name) for entry in entries()]
    assert sorted(names) == sorted(set(names))


def parameters(signature: str) -> list[tuple[str, str, str]]:
    """Of a signature as it is written, each parameter but self: its name, how it is passed, and its default,
    "..." where all that is said of it is that there is one."""
    function: Any = ast.parse(f"def f{signature}: ...").body[0]
    given: ast.arguments = function.args
    plain = [*given.posonlyargs, *given.args]
    found = []
    for i, each in enumerate(plain):
        at = i - len(plain) + len(given.defaults)
        how = "positional only" if i < len(given.posonlyargs) else "either"
        found.append((each.arg, how, ast.unparse(given.defaults[at]) if at >= 0 else ""))
    if given.vararg:
        found.append((given.vararg.arg, "*", ""))
    for each, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        found.append((each.arg, "keyword only", ast.unparse(default) if default else ""))
    if given.kwarg:
        found.append((given.kwarg.arg, "**", ""))
    if found and found[0][0] in ("self", "type"):
        del found[0]
    unsaid = {"MISSING": "...", "Ellipsis": "..."}
    return [(name, how, unsaid.get(default, default)) for name, how, default in found]


def stubbed(cls: str) -> list[str]:
    """The signatures of a class of _core, as _core.pyi has them: the class itself says nothing of them."""
    stub = ast.parse(Path(_core.__file__).with_name("_core.pyi").read_text(encoding="utf-8"))
    body = next(node.body for node in stub.body if isinstance(node, ast.ClassDef) and node.name == cls)
    found = [node.args for node in body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    return [f"({ast.unparse(each)})" for each in found]


def actual(owner: Any, name: str) -> list[str]:
    """The signatures that something has."""
    called = owner if inspect.isclass(owner) and owner.__name__ == name else getattr(owner, name)
    maps = (_core.Base, _core.BaseMap, _core.Map, _core.GoMap, _core.SwissMap, _core.Set, _core.Cache)
    if called is owner and owner in maps:
        found = stubbed(name)
    else:
        found = [getattr(called, "__text_signature__", None) or str(inspect.signature(called))]
    return [re.sub(r" -> .*$", "", each).replace("$", "") for each in found]


def signed() -> list[Entry]:
    return [entry for entry in entries() if entry.owner in OWNERS] if REFERENCE.exists() else []


@pytest.mark.parametrize("entry", signed(), ids=str)
def test_reference_has_the_signature(entry: Entry) -> None:
    owner = OWNERS[entry.owner]
    is_constructor = inspect.isclass(owner) and owner.__name__ == entry.name
    if not is_constructor and entry.name not in public(owner):
        pytest.fail(f"there is no {entry.owner}.{entry.name}")
    named = owner if is_constructor else getattr(owner, entry.name, None)
    called = callable(named) and not (inspect.isclass(named) and issubclass(named, Exception))  # which we make alone
    if not called or (inspect.isclass(owner) and entry.name in getattr(owner, "__dataclass_fields__", ())):
        assert entry.signature == "", f"{entry.owner}.{entry.name} is not called"
        return
    assert entry.signature.startswith("("), f"{entry.owner}.{entry.name} is called"
    said = parameters(entry.signature)
    assert said in [parameters(each) for each in actual(owner, entry.name)]

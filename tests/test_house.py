"""The house itself: which module imports which, and what importing gomap loads."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gomap
from gomap.types import Kind

PACKAGE = Path(gomap.__file__).resolve().parent
CORE = Path(__file__).resolve().parents[1] / "csrc"
MODULES = {
    ".".join(("gomap", *path.relative_to(PACKAGE).with_suffix("").parts)): path for path in PACKAGE.rglob("*.py")
}


def imports(module: str) -> Iterator[tuple[str, str]]:
    """Modules of gomap's that a module imports, anywhere in it, and the names that it takes from them."""
    path = MODULES[module]
    folder = module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = folder[: len(folder) - node.level + 1] + (node.module or "").split(".") * bool(node.module)
            for alias in node.names:
                whole = ".".join((*base, alias.name))
                yield (whole, "") if whole in MODULES else (".".join(base), alias.name)


def circle(edges: dict[str, set[str]]) -> list[str] | None:
    """Names in a circle, if there is one."""
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str] | None:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return None
        for other in sorted(edges.get(name, ())):
            if (found := visit(other, [*path, name])) is not None:
                return found
        done.add(name)
        return None

    return next((found for name in sorted(edges) if (found := visit(name, [])) is not None), None)


def test_no_import_circle() -> None:
    edges = {
        module: {other if other in MODULES else f"{other}.__init__" for other, _ in imports(module)} - {module}
        for module in MODULES
        if module != "gomap.__init__"  # what it loads later is for its users
    }
    assert len(edges) > 30
    assert circle(edges) is None
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"]


def test_private_names_stay_in_their_folder() -> None:
    """A module with an underscore is for its folder and the folders in it; a name with one for its module."""
    wrong = []
    for module in MODULES:
        for other, name in imports(module):
            parts = other.split(".")
            hidden = next((i for i, part in enumerate(parts) if part.startswith("_") and part != "__init__"), None)
            owner = ".".join(parts[:hidden]) if hidden is not None else ""
            if owner and not module.startswith(owner + "."):
                wrong.append(f"{module} imports {other}")
            if name.startswith("_") and not name.startswith("__") and module != "gomap.__init__":
                wrong.append(f"{module} imports {name} from {other}")
    assert not wrong


def test_no_circle_among_headers() -> None:
    if not CORE.is_dir():
        pytest.skip("the C sources are not here")
    edges = {}
    for path in [*CORE.rglob("*.h"), *CORE.rglob("*.c")]:
        named = re.findall(r'^#include "([^"]+)"', path.read_text(encoding="utf-8"), re.MULTILINE)
        found = {next((at for at in (path.parent / name, CORE / name) if at.exists()), None) for name in named}
        assert None not in found, (path, named)
        edges[str(path)] = {str(at.resolve()) for at in found if at}
    assert len(edges) > 60
    assert circle(edges) is None


def test_importing_gomap_loads_little() -> None:
    """typing, dataclasses, enum and re take longer to import than all of gomap."""
    program = "import sys; before = set(sys.modules); import gomap; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "gomap._core" in loaded
    heavy = {"typing", "dataclasses", "enum", "re", "inspect", "functools", "numpy", "argparse", "json", "subprocess"}
    if not {"typing", "enum"} & set(sys.modules) - loaded:  # a site may have loaded them before
        assert not loaded & heavy
    assert not [name for name in loaded if name.startswith(("gomap.measure", "gomap._cli", "gomap.dask"))]


def test_all_that_is_said_to_be_public_is_there() -> None:
    for name in gomap.__all__:
        assert getattr(gomap, name) is not None
    assert set(gomap.__all__) <= set(dir(gomap))


def test_the_binding_has_the_kinds_in_the_same_order() -> None:
    layouts = PACKAGE / "_core" / "layouts.pxi"
    if not layouts.exists():
        pytest.skip("the binding's sources are not here")
    text = layouts.read_text(encoding="utf-8")
    listed = text[text.index("cdef enum:") :].split("\n\n")[0].split("\n")[1:]
    assert [name.strip() for name in listed] == [kind.name for kind in Kind]

"""What the README and the docstrings show is what happens."""

from __future__ import annotations

import doctest
import importlib.util
from mmap import PAGESIZE
from pathlib import Path

import pytest
from error_cases import CASES, DOCUMENT, row, shown

from gomap import _core

README = Path(__file__).resolve().parent.parent / "README.md"
MEMORY = README.parent / "docs" / "memory.md"


def test_readme() -> None:
    if not README.exists():
        pytest.skip("README.md is not beside the tests")
    result = doctest.testfile(str(README), module_relative=False)
    assert result.attempted > 10
    assert result.failed == 0


def test_memory() -> None:
    if not MEMORY.exists():
        pytest.skip("docs are not beside the tests")
    if PAGESIZE != 4096:
        pytest.skip("the figures are for pages of 4096 bytes")
    result = doctest.testfile(str(MEMORY), module_relative=False)
    assert result.attempted > 1
    assert result.failed == 0


def test_docstrings() -> None:
    for cls in (_core.Map, _core.GoMap, _core.Set):
        name = cls.__name__
        found = doctest.DocTestFinder(recurse=False).find(cls, name, globs={name: cls})
        results = [doctest.DocTestRunner().run(example) for example in found]
        assert sum(result.attempted for result in results) > 0
        assert sum(result.failed for result in results) == 0


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

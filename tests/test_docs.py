"""What the README and the docstrings show is what happens."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from gomap import _core

README = Path(__file__).resolve().parent.parent / "README.md"


def test_readme() -> None:
    if not README.exists():
        pytest.skip("README.md is not beside the tests")
    result = doctest.testfile(str(README), module_relative=False)
    assert result.attempted > 10
    assert result.failed == 0


def test_docstrings() -> None:
    for cls in (_core.Map, _core.GoMap, _core.Set):
        name = cls.__name__
        found = doctest.DocTestFinder(recurse=False).find(cls, name, globs={name: cls})
        results = [doctest.DocTestRunner().run(example) for example in found]
        assert sum(result.attempted for result in results) > 0
        assert sum(result.failed for result in results) == 0

"""Examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib

import pytest

from osame.home import PROJECT

MODULES = sorted(
    ".".join(path.relative_to(PROJECT).with_suffix("").parts)
    for package in ("osame", "ingestion", "warehouse", "reports")
    for path in (PROJECT / package).rglob("*.py")
    if "\n    >>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module(name: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried and not failed

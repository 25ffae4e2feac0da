"""Imports run one way, also those inside functions: the contracts stand in pyproject.toml."""

from __future__ import annotations

from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from osame.home import PROJECT


def test_imports_run_one_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    assert lint_imports(no_cache=True) == EXIT_STATUS_SUCCESS


def test_a_stair_back_up_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one inside a function: else the contract could not fail."""
    for name, text in {"upper": "", "lower": "def f():\n    from stair_upper import a\n"}.items():
        folder = tmp_path / f"stair_{name}"
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        (folder / "a.py").write_text(text)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.importlinter]\nroot_packages = ["stair_upper", "stair_lower"]\n'
        '[[tool.importlinter.contracts]]\nname = "n"\ntype = "layers"\nlayers = ["stair_upper", "stair_lower"]\n'
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert lint_imports(no_cache=True) != EXIT_STATUS_SUCCESS

"""Fonts of documents: found, and asked whether they have every character that is to be printed."""

from __future__ import annotations

import importlib.util
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import typst
from fontTools.ttLib import TTCollection, TTFont

from osame.errors import OsameError
from osame.home import Home
from warehouse.health import Examined
from warehouse.settings import Fonts, load_settings

_ADVICE = "set office.fonts.files in osame.yml to font files that exist (a path, or PACKAGE:FILE)"


def font_files(fonts: Fonts) -> tuple[Path, ...]:
    """The configured font files.

    Raises:
        OsameError: one does not exist, or its package is not installed.
    """
    return tuple(_file(name) for name in fonts.files)


def _file(name: str) -> Path:
    package, colon, inside = name.partition(":")
    if not colon:
        path = Path(name)
    else:
        spec = importlib.util.find_spec(package) if package.isidentifier() else None
        if spec is None or spec.origin is None:
            raise OsameError(f"font {name}: the Python package {package} is not installed", f"install it, or {_ADVICE}")
        path = Path(spec.origin).parent / inside
    if not path.is_file():
        raise OsameError(f"font {name}: {path} does not exist", _ADVICE)
    return path


def loaded(fonts: Fonts) -> typst.Fonts:
    """The fonts for Typst: those configured and those that Typst brings along; never what this machine happens to have.

    Raises:
        OsameError: a file is missing or no font, or no file has a configured family.
    """
    found = _loaded(font_files(fonts))
    have = set(found.families())
    missing = sorted({*fonts.text, *fonts.heading, *fonts.digits} - have)
    if missing:
        raise OsameError(
            f"no font file has the families {', '.join(missing)}; found: {', '.join(sorted(have))}",
            "correct office.fonts in osame.yml: text, heading and digits name families of office.fonts.files",
        )
    return found


@lru_cache(maxsize=4)
def _loaded(files: tuple[Path, ...]) -> typst.Fonts:
    folders = sorted({str(path.parent) for path in files})  # Typst takes folders, not files
    return typst.Fonts(include_system_fonts=False, font_paths=[*folders])


def unprintable(characters: Iterable[str], fonts: Fonts) -> list[str]:
    """Characters that no configured font file has; they would be printed as an empty box.

    Controls, spaces and variation selectors (of 行政事務標準文字) have no shape of their own and are not looked for.
    """
    have: set[int] = set()
    for path in font_files(fonts):
        have |= _characters(path)
    return sorted(
        c for c in set(characters) if ord(c) not in have and unicodedata.category(c) not in ("Cc", "Cf", "Zs", "Mn")
    )


@lru_cache(maxsize=8)
def _characters(path: Path) -> frozenset[int]:
    try:
        if path.suffix.lower() in (".ttc", ".otc"):
            with TTCollection(path, lazy=True) as collection:
                return frozenset(code for font in collection.fonts for code in font.getBestCmap() or ())
        with TTFont(path, lazy=True) as font:
            return frozenset(font.getBestCmap() or ())
    except Exception as error:  # fontTools raises many kinds for a file that is no font
        raise OsameError(f"{path} is no font file: {error}", _ADVICE) from None


def examine_fonts(home: Home) -> Examined:
    """For ``osame doctor``: whether documents can be printed."""
    name = "documents have their fonts"
    try:
        fonts = load_settings(home).office.fonts
        loaded(fonts)
    except OsameError as error:
        return Examined(name, False, error.message, error.advice)
    return Examined(name, True, ", ".join([*fonts.text, *fonts.heading]))

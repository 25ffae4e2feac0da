"""Rows in, PDF out: one Typst template, any number of papers, in memory and without a network.

The same rows, office and instant give the same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import typst

from osame.clock import JST
from osame.errors import OsameError
from osame.home import Home
from osame.stores import THREADS
from reports.documents.fonts import loaded, unprintable
from warehouse.settings import Settings

TEMPLATES = Path(__file__).parent
PAPERS_A_FILE = 5_000
_SHOWN = 5
_PLACE = re.compile(r"[\w-]+\.typ:\d+")

Row = Mapping[str, Any]


def render(template: str, rows: Sequence[Row], settings: Settings, home: Home, made_at: datetime) -> bytes:
    """One PDF with all papers, in the order of the rows.

    Args:
        template: ``reports/documents/<template>.typ``; it reads ``rows`` and ``office`` from ``common.typ``. What is
            alike on every paper may stand in ``<template>-form.typ``: it is made once and put below each.
        rows: plain values (text, whole yen, lists, maps). Dates are already 和暦, symbols SVG text.
        settings: for what the office prints about itself.
        home: below which the seal's image is looked for.
        made_at: JST, written into the PDF.

    Raises:
        OsameError: there is nothing to print, a font lacks a character, or the template does not take the rows.
    """
    if not rows:
        raise OsameError(f"{template}: there is nothing to print", "name something that is to be printed")
    _check_characters(template, rows, settings)
    return _compile(template, rows, settings, home, made_at)


def render_each(template: str, rows: Sequence[Row], settings: Settings, home: Home, made_at: datetime) -> list[bytes]:
    """One PDF for each row, in their order. Raises as ``render`` does."""
    _check_characters(template, rows, settings)
    return [_compile(template, [row], settings, home, made_at) for row in rows]


def render_files(
    template: str, rows: Sequence[Row], settings: Settings, home: Home, made_at: datetime
) -> dict[str, bytes]:
    """All papers as ``<template>.pdf``; thousands as ``<template>-1.pdf``, … of 5,000 papers each, side by side.

    A process for each file: Typst keeps what it has laid out (half a megabyte a paper) until its process ends. Raises
    as ``render`` does.
    """
    if len(rows) <= PAPERS_A_FILE:
        return {f"{template}.pdf": render(template, rows, settings, home, made_at)}
    _check_characters(template, rows, settings)
    parts = [rows[start : start + PAPERS_A_FILE] for start in range(0, len(rows), PAPERS_A_FILE)]
    with ProcessPoolExecutor(
        min(THREADS, len(parts)), mp_context=get_context("spawn"), max_tasks_per_child=1
    ) as workers:
        done = [workers.submit(_compile, template, part, settings, home, made_at) for part in parts]
        try:
            return {f"{template}-{number}.pdf": job.result() for number, job in enumerate(done, start=1)}
        except BrokenProcessPool:
            raise OsameError(
                f"{template}: a process that made papers was ended from outside, most likely for want of memory",
                "set OSAME_THREADS to a smaller number, or issue fewer at once; nothing was issued",
            ) from None


def without_unprintable(rows: Sequence[Row], settings: Settings) -> tuple[list[Row], dict[int, list[str]]]:
    """Rows that can be printed, and by their place (from 0) the characters of those that cannot.

    For a batch that must go out although a name in it needs a font that is not there; the caller tells which are left.
    """
    odd = set(unprintable(_text(rows), settings.office.fonts))
    found = {place: sorted(odd & set(_text([row]))) for place, row in enumerate(rows)} if odd else {}
    found = {place: characters for place, characters in found.items() if characters}
    return [row for place, row in enumerate(rows) if place not in found], found


def _check_characters(template: str, rows: Sequence[Row], settings: Settings) -> None:
    _, found = without_unprintable(rows, settings)
    if found:
        shown = "; ".join(
            f"paper {place + 1}: {', '.join(f'U+{ord(c):04X}' for c in characters)}"
            for place, characters in list(found.items())[:_SHOWN]
        )
        raise OsameError(
            f"{template}: {len(found)} of {len(rows)} papers have characters that no configured font has ({shown})",
            "add a font that has them (行政事務標準文字) to office.fonts.files and its family to office.fonts.text",
        )


def _text(rows: Sequence[Row]) -> str:
    return json.dumps(list(rows), ensure_ascii=False)


def _compile(template: str, rows: Sequence[Row], settings: Settings, home: Home, made_at: datetime) -> bytes:
    # People's names go to Typst in memory, so that none is left behind on the disk.
    inputs = {"rows": _text(rows), "office": json.dumps(_office(settings, home), ensure_ascii=False)}
    form = TEMPLATES / f"{template}-form.typ"
    if form.exists():
        blank = _pdf(form, {**inputs, "rows": "[]"}, settings, made_at)
        inputs["form"] = json.dumps(list(blank))
    return _pdf(TEMPLATES / f"{template}.typ", inputs, settings, made_at)


def _pdf(source: Path, inputs: dict[str, str], settings: Settings, made_at: datetime) -> bytes:
    compiler = typst.Compiler(source, root=TEMPLATES, font_paths=loaded(settings.office.fonts), sys_inputs=inputs)
    try:
        # No tags: they would cost five times the work and the size, and these are papers to be printed.
        pdf = compiler.compile(format="pdf", timestamp=int(made_at.replace(tzinfo=JST).timestamp()), pdf_tags=False)
    except typst.TypstError as error:
        # Not the whole diagnostic: it shows values, and the rows hold names.
        where = ", ".join(dict.fromkeys(_PLACE.findall(error.diagnostic)))
        raise OsameError(
            f"{source.name}: {error.message} (at {where})", "mend the template, or the rows that it is given"
        ) from None
    if not isinstance(pdf, bytes):
        raise TypeError(f"{source.name}: Typst gave {type(pdf).__name__}, not a PDF")
    return pdf


def _office(settings: Settings, home: Home) -> dict[str, Any]:
    office = settings.office
    names = {"municipality": settings.municipality.name, "mayor_title": office.mayor_title}
    return {
        **office.model_dump(mode="json", exclude={"seal", "appeal", "fonts", "slips"}),
        "municipality": settings.municipality.name,
        "department": settings.municipality.department,
        "code": settings.municipality.code,
        "fonts": office.fonts.model_dump(include={"text", "heading", "digits"}),
        "appeal": {document: "".join(text.format(**names).splitlines()) for document, text in office.appeal.items()},
        "pay_at": office.slips.pay_at,
        "seal": _seal(settings, home),
    }


def _seal(settings: Settings, home: Home) -> list[int] | None:
    """The bytes of the seal's image, as JSON can carry them."""
    if settings.office.seal is None:
        return None
    path = home.root / settings.office.seal
    try:
        return list(path.read_bytes())
    except OSError as error:
        raise OsameError(
            f"office.seal: {path}: {error.strerror}", "correct office.seal in osame.yml, or set it to null (公印省略)"
        ) from None

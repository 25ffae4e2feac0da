"""Symbols on paper, as SVG that Typst prints: the GS1-128 of a payment slip and QR codes."""

from __future__ import annotations

import io
import re

import segno
from barcode.codex import Gs1_128

from ingestion.barcode import check_digit

_HEIGHT = 58  # modules: 60 mm x 12 mm


def gs1_128(digits: str) -> str:
    """Bars of the 44 digits of a payment slip, without quiet zones (the template leaves them).

    Raises:
        ValueError: not 44 digits, or the last is not their check digit.
    """
    if int(digits[-1:] or "x") != check_digit(digits[:-1]):
        raise ValueError(f"{digits}: the last digit is not the check digit")
    modules = Gs1_128(digits).build()[0]
    # A bar is one shape: two that touch may show a line between them on paper.
    bars = "".join(f"M{bar.start()} 0h{len(bar[0])}v{_HEIGHT}h-{len(bar[0])}z" for bar in re.finditer("1+", modules))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{len(modules)}" height="{_HEIGHT}" '
        f'viewBox="0 0 {len(modules)} {_HEIGHT}" shape-rendering="crispEdges"><path d="{bars}"/></svg>'
    )


def qr_code(text: str, *, version: int | None = None, error: str = "m") -> str:
    """A QR symbol with its quiet zone.

    Raises:
        segno.DataOverflowError: the text does not fit the version.
    """
    out = io.BytesIO()
    segno.make(text, version=version, error=error, boost_error=False, micro=False).save(
        out, kind="svg", border=4, xmldecl=False, svgns=True
    )
    return out.getvalue().decode("utf-8")

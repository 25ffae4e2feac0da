"""One entrance for every delivered file: recognise it, then decode and check it."""

from __future__ import annotations

from dataclasses import replace

from ingestion.layout import Layout
from ingestion.readers import delimited, fixed
from ingestion.readers.decoded import Context, Decoded
from ingestion.readers.detect import detect
from ingestion.readers.sheet import read_sheet
from ingestion.readers.workbook import is_workbook


def read(data: bytes, context: Context, layouts: dict[str, Layout]) -> Decoded:
    """Decode a delivered file. A workbook is an extract whose rows stand on a sheet instead of in a CSV.

    Raises:
        Refused: the file is of no known layout or has errors; carries every finding.
    """
    if is_workbook(data):
        sheet = read_sheet(data)
        layout = detect(sheet.csv, context, {name: of for name, of in layouts.items() if of.kind == "csv"})
        sheet.require_layout(layout)
        return delimited.decode(sheet.csv, layout, replace(context, sequence_no=sheet.saved_ms))
    layout = detect(data, context, layouts)
    decode = fixed.decode if layout.kind == "fixed" else delimited.decode
    return decode(data, layout, context)

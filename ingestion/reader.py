"""One entrance for every delivered file: recognise it, then decode and check it."""

from __future__ import annotations

from ingestion import delimited, fixed
from ingestion.decoded import Context, Decoded
from ingestion.detect import detect
from ingestion.layout import Layout


def read(data: bytes, context: Context, layouts: dict[str, Layout]) -> Decoded:
    """Decode a delivered file.

    Raises:
        Refused: the file is of no known layout or has errors; carries every finding.
    """
    layout = detect(data, context, layouts)
    decode = fixed.decode if layout.kind == "fixed" else delimited.decode
    return decode(data, layout, context)

"""CSV files in the layouts that the readers use: CP932, CRLF, columns and headers from the layout."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv

from ingestion.layout import Layout


def csv_bytes(layout: Layout, columns: Mapping[str, Any], count: int, *, quoted: bool = False) -> bytes:
    """A file of ``count`` rows. Columns not given are blank, or left out where the layout lets them be absent.

    Raises:
        KeyError: a column that the layout does not have.
    """
    fields = [f for f in layout.columns if f.header and (f.name in columns or not f.optional_column)]
    unknown = set(columns) - {f.name for f in fields}
    if unknown:
        raise KeyError(f"{layout.id} has no column {', '.join(sorted(unknown))}")
    arrays = [pa.array(columns[f.name]) if f.name in columns else pa.nulls(count, pa.string()) for f in fields]
    sink = pa.BufferOutputStream()
    options = csv.WriteOptions(include_header=False, eol="\r\n", quoting_style="needed" if quoted else "none")
    csv.write_csv(pa.Table.from_arrays(arrays, names=[f.name for f in fields]), sink, options)
    body: bytes = sink.getvalue().to_pybytes()
    head = ",".join(str(f.header) for f in fields) + "\r\n"
    return head.encode("cp932") + (body if body.isascii() else body.decode().encode("cp932"))


def write_csv(path: Path, layout: Layout, columns: Mapping[str, Any], count: int, *, quoted: bool = False) -> None:
    path.write_bytes(csv_bytes(layout, columns, count, quoted=quoted))

"""Which columns a delivered CSV has."""

from __future__ import annotations

from ingestion.layout import FieldDef, Layout

WITHDRAWN = FieldDef(
    name="is_withdrawn",
    header="削除フラグ",
    label_ja="削除フラグ",
    type="integer",
    nullable=True,
    optional_column=True,
    default="0",
    codes={"0": "有効", "1": "削除"},
)


def input_fields(layout: Layout) -> list[FieldDef]:
    """The columns that a file delivers: those with a header, and the 削除フラグ of an extract."""
    fields = [f for f in layout.columns if f.header is not None]
    return [*fields, WITHDRAWN] if layout.extract else fields

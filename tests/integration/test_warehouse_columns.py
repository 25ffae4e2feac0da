"""No relation that a build publishes has a personal column of any layout (DESIGN §1)."""

from __future__ import annotations

from ingestion.layout import landing_schema, load_layouts
from tests.office import BuiltTown
from warehouse.connection import open_warehouse


def test_no_relation_of_the_warehouse_has_a_personal_column(built_town: BuiltTown) -> None:
    personal = {c.name for table in landing_schema(load_layouts()).values() for c in table if c.personal}
    assert personal, "the layouts mark personal columns"
    connection = open_warehouse(built_town.home)
    try:
        columns = connection.execute(
            "select table_name, column_name from duckdb_columns() where not internal"
        ).fetchall()
    finally:
        connection.close()
    assert len(columns) > 100
    assert [pair for pair in columns if pair[1] in personal] == []

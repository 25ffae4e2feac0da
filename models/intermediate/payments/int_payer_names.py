"""Who has a name like the payer's of a deposit that names nothing else. One row per deposit x addressee.

The one model that reads names: from landing, and it puts out keys and scores only. Many deposits have one name, and all
are compared with the whole register, so this is a matter for a library and not for SQL.
"""

from __future__ import annotations

import json
import os
from typing import Any

import pyarrow as pa

from warehouse.names import alike, name_key

_PAYERS = """
    select dp.load_id, dp.source_line, en.payer_name
    from deposits as dp
    inner join entries as en on en.load_id = dp.load_id and en.source_line = dp.source_line
    where dp.source_code = 'deposit' and dp.suspense_reason = 'names_nothing' and trim(en.payer_name) <> ''
"""
_REGISTER = """
    select ar.addressee_no, rw.name_kana
    from current_addressees as ar
    inner join register as rw on rw.load_id = ar.load_id and rw.source_line = ar.source_line
    where rw.name_kana is not null
"""
_COLUMNS = pa.schema(
    [
        ("load_id", pa.int64()),
        ("source_line", pa.int32()),
        ("addressee_no", pa.string()),
        ("name_score", pa.int64()),
    ]
)


def _by_key(rows: list[tuple[Any, ...]]) -> dict[str, list[tuple[Any, ...]]]:
    """Rows whose last value is a name, by the key of that name; names of nothing but a legal form are left out."""
    out: dict[str, list[tuple[Any, ...]]] = {}
    for *who, name in rows:
        out.setdefault(name_key(name), []).append(tuple(who))
    out.pop("", None)
    return out


def model(dbt: Any, session: Any) -> Any:
    """The entry point that dbt calls. A relation of the session, for what another cursor writes it does not see."""
    floor = int(json.loads(os.environ["OSAME_VARIABLES"])["matching"]["name_floor"])
    deposits = dbt.ref("int_payments_matched")  # noqa: F841 - named in SQL
    entries = dbt.source("landing", "bank_statement_entries")  # noqa: F841
    payers = _by_key(session.sql(_PAYERS).fetchall())
    found: list[tuple[Any, ...]] = []
    if payers:
        current_addressees = dbt.ref("stg_addressees")  # noqa: F841
        register = dbt.source("landing", "addressees")  # noqa: F841
        people = _by_key(session.sql(_REGISTER).fetchall())
        names, among = list(payers), list(people)
        for name, other, score in alike(names, among, floor):
            found += [(*deposit, *who, score) for deposit in payers[names[name]] for who in people[among[other]]]
    columns = list(zip(*found, strict=True)) or [()] * len(_COLUMNS)
    arrays = [pa.array(values, f.type) for values, f in zip(columns, _COLUMNS, strict=True)]
    return session.from_arrow(pa.table(arrays, schema=_COLUMNS))

"""The vault: names, addresses and accounts of people, derived from landing, encrypted with a key of its own."""

from __future__ import annotations

from pathlib import Path

from ingestion.layout import load_layouts
from warehouse.config import Home
from warehouse.connection import attach_landing, open_vault

# One row per person or account, the version that holds now: the extracts' highest version of each primary key.
_TABLES = ("addressees", "bank_accounts")


def build_vault(home: Home, folder: Path) -> None:
    """Derive the vault in ``folder`` and rename it into place.

    The caller holds ``landing_lock``. Tables ``people`` and ``accounts`` carry every column of their extract.
    """
    layouts = load_layouts(home.layouts if home.layouts.is_dir() else None)
    target = folder / "vault.duckdb"
    vault = open_vault(home, target, read_only=False)
    try:
        attach_landing(vault, home)
        for extract in _TABLES:
            layout = layouts[extract]
            key = ", ".join(f"rw.{name}" for name in layout.primary_key)
            columns = ", ".join(f"rw.{f.name}" for f in layout.data_fields())
            vault.execute(
                f"""
                create table vault.{extract} as
                with versions as (
                    select
                        ld.load_id, ld.is_full,
                        row_number() over (order by ld.business_date, ld.sequence_no, ld.sha256) as version_no
                    from landing.loads as ld
                    where ld.landing_table = '{extract}' and ld.status = 'landed'
                ),
                last_full as (select coalesce(max(version_no), 0) as version_no from versions where is_full),
                ranked as (
                    select rw.*, row_number() over (partition by {key} order by vs.version_no desc) as recency
                    from landing.{extract} as rw
                    inner join versions as vs on vs.load_id = rw.load_id
                    cross join last_full as lf
                    where vs.version_no >= lf.version_no
                )
                select {columns} from ranked as rw
                where rw.recency = 1 and coalesce(rw.is_withdrawn, 0) = 0
                """
            )
        vault.execute("detach landing")
        vault.execute("checkpoint vault")
    finally:
        vault.close()
    target.chmod(0o600)
    target.replace(home.vault)

"""Where payments come from: the seed ``payment_sources``, one row for each kind of payment file.

Models take the same rows while dbt reads them (macro ``payment_sources``): a new source is a row and a staging model of
the shape that ``stg_payments`` names.
"""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, dataclass
from functools import lru_cache

from osame.home import PROJECT

_SEED = PROJECT / "warehouse" / "seeds" / "payment_sources.csv"


@dataclass(frozen=True, slots=True)
class PaymentSource:
    """One kind of payment file.

    Args:
        source_code: in ``source_code`` of payments, and in the rules of remittances.
        source_name: in Japanese.
        landing_table: where its records land.
        staging_model: what brings them into the shape of payments.
        channel_codes: the channels that it can be of; none where each record names its own.
        is_plain: whether its landing table has channel, 領収日 and 収納日 (日計日), by which it is booked as it is.
        names_dues: whether its records may name a due by the parts of its key.
        is_credited_in_bulk: whether its money comes as one credit for many records; a deposit is such a credit itself.
    """

    source_code: str
    source_name: str
    landing_table: str
    staging_model: str
    channel_codes: tuple[str, ...]
    is_plain: bool
    names_dues: bool
    is_credited_in_bulk: bool


@lru_cache(maxsize=1)
def payment_sources() -> tuple[PaymentSource, ...]:
    """Every source, in the order in which models read them."""
    with _SEED.open(encoding="utf-8", newline="") as handle:
        return tuple(
            PaymentSource(
                row["source_code"],
                row["source_name"],
                row["landing_table"],
                row["staging_model"],
                tuple(row["channel_codes"].split()),
                row["is_plain"] == "true",
                row["names_dues"] == "true",
                row["is_credited_in_bulk"] == "true",
            )
            for row in csv.DictReader(handle)
        )


def source_of(landing_table: str) -> str | None:
    """The code of the source whose records land in a table."""
    return next((s.source_code for s in payment_sources() if s.landing_table == landing_table), None)


def for_dbt() -> str:
    """The rows as dbt's macro reads them."""
    return json.dumps([asdict(source) for source in payment_sources()], ensure_ascii=False)

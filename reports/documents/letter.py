"""The address block of a letter, from a person of the vault."""

from __future__ import annotations

from typing import Any

from ingestion.vault import Person


def letter(person: Person) -> dict[str, Any]:
    """What ``window-address`` in common.typ prints. Without an address the paper says that it is not to be sent."""
    sent = person.mailing
    lines = [line for line in (sent.address, sent.building) if line] if sent else []
    return {
        "postal_code": _postal_code(sent.postal_code) if sent and sent.postal_code else None,
        "lines": lines,
        "name": person.mailing_name,
        "honorific": "御中" if person.is_corporation else "様",
        "reference": f"宛名番号 {person.addressee_no}",
        "withheld": sent is None,
    }


def _postal_code(text: str) -> str:
    digits = text.replace("-", "")
    return f"{digits[:3]}-{digits[3:]}"

"""Named rules for a whole row of a CSV, for what no single column can say. A layout names the rules that hold for it.

A rule looks at all rows at once. It judges only values that are there: a blank or faulty cell has its own finding.
Rows that withdraw their key are not judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingestion import barcode
from ingestion.due_key import DUE_KEY
from ingestion.layout import LayoutError
from ingestion.readers.csv_cells import A_VALUE, Mask, Rows

RowRule = Callable[[Rows], None]

_OWN_AMOUNTS = ("principal_yen", "reminder_fee_yen", "late_charge_yen")
_COMPONENTS = ("principal", "reminder_fee", "late_charge")
_MOVED_AMOUNTS = tuple(f"{source}_to_{target}_yen" for source in _COMPONENTS for target in _COMPONENTS)
# GS1-128 of a payment slip, places from 0: FORMATS.md §2.1
_BARCODE_AMOUNT = slice(37, 43)
_BARCODE_SLIP = slice(13, 29)


def rule_named(name: str) -> RowRule:
    """The rule of that name.

    Raises:
        LayoutError: there is none.
    """
    try:
        return ROW_RULES[name]
    except KeyError:
        raise LayoutError(f"row rule {name!r} is unknown; known: {', '.join(sorted(ROW_RULES))}") from None


def group_rows(values: Iterable[pa.Array]) -> tuple[npt.NDArray[np.int64], Mask]:
    """A number for every row, equal for rows whose values are all equal; False in the mask where one is missing."""
    numbers: npt.NDArray[np.int64] | None = None
    count = 1
    complete: Mask | None = None
    for value in values:
        coded = value.dictionary_encode()
        present: Mask = pc.is_valid(coded.indices).to_numpy(zero_copy_only=False)
        indices = pc.fill_null(coded.indices, 0).to_numpy(zero_copy_only=False).astype(np.int64)
        size = max(len(coded.dictionary), 1)
        if numbers is None or complete is None:
            numbers, complete, count = indices, present, size
            continue
        complete &= present
        if count > (1 << 62) // size:  # renumber before the product would overflow
            distinct, numbers = np.unique(numbers, return_inverse=True)
            count = len(distinct)
        numbers = numbers * size + indices
        count *= size
    if numbers is None or complete is None:
        raise ValueError("no columns to group by")
    return numbers, complete


# --- keys of dues -----------------------------------------------------------------------------------------------------


def refuse_dashes_in_due_keys(rows: Rows) -> None:
    """No part of a due's key holds the ``-`` that joins the nine; asked of every layout, an office's own too."""
    for f in rows.layout.columns:
        if f.type == "text" and f.name.removeprefix("offset_").removeprefix("corrected_") in DUE_KEY:
            dashed = pc.fill_null(pc.match_substring(rows.value[f.name], "-"), False)
            rows.fault(dashed.to_numpy(zero_copy_only=False), "ING-069", f.name, "「-」を含まない値")


# --- assessments -------------------------------------------------------------------------------------------------


def _assessment_event(rows: Rows) -> None:
    """増額 adds, 減額 takes away, and an increase with a 納期限 of its own is a due of its own (論理期別).

    The 納期限 of a due is that of its rows that are no increase, else of its first row in the file. What lies in
    other files is not seen here.
    """
    live, delta, given = rows.live, rows.whole("delta_yen"), rows.known("delta_yen")
    increase = rows.equals("event_type_code", "3") & live
    rows.fault(given & live & rows.equals("event_type_code", "1", "2") & (delta < 0), "ING-066", "delta_yen", "≧ 0")
    rows.fault(given & increase & (delta <= 0), "ING-066", "delta_yen", "> 0")
    rows.fault(given & live & rows.equals("event_type_code", "4") & (delta >= 0), "ING-066", "delta_yen", "< 0")

    if not increase.any():
        return
    due, complete = group_rows(rows.value[name] for name in DUE_KEY)
    judged = np.flatnonzero(complete & live & rows.known("due_date"))
    order = judged[np.lexsort((judged, increase[judged]))]
    _, first, member = np.unique(due[order], return_index=True, return_inverse=True)
    due_dates = pc.cast(pc.fill_null(rows.value["due_date"], 0), pa.int32()).to_numpy(zero_copy_only=False)
    differs = np.zeros(len(rows), dtype=bool)
    differs[order] = due_dates[order] != due_dates[order[first][member]]
    rows.fault(differs & increase, "ING-067", "due_date", "増額の納期限が異なるときは別の論理期別")


# --- receipts ----------------------------------------------------------------------------------------------------


def _receipt_type_signs(rows: Rows) -> None:
    """Signs and needed keys by 収納区分 (EXTRACTS.md, receipts).

    1 and 7 bring money in (7 no principal); 2 and 6 take it back, 6 naming the due it corrects; 3 and 5 move money to
    the 充当 key, 5 with no amounts of its own. 4 mirrors 3 and is compared, not booked: nothing is asked of it.
    """
    live = rows.live
    kind = {code: rows.equals("receipt_type_code", code) & live for code in "12356"}
    only_charges = rows.equals("receipt_type_code", "7") & live
    money_in = kind["1"] | only_charges
    for name in (*_OWN_AMOUNTS, "early_payment_bonus_yen"):
        rows.fault(money_in & (rows.whole(name) < 0), "ING-066", name, "≧ 0")
    rows.fault(money_in & rows.blank("payment_method_code"), "ING-035", "payment_method_code", A_VALUE)
    rows.fault(only_charges & (rows.whole("principal_yen") != 0), "ING-067", "principal_yen", "0")

    taken_back = kind["2"] | kind["6"]
    total = np.zeros(len(rows), dtype=np.int64)
    judged = taken_back.copy()
    for name in _OWN_AMOUNTS:
        rows.fault(taken_back & (rows.whole(name) > 0), "ING-066", name, "≦ 0")
        total += rows.whole(name)
        judged &= rows.known(name) & (rows.whole(name) <= 0)
    # a 訂正 of an offset or a 組替 has no amounts of its own: what it takes back stands in the nine moved amounts
    moved_back = np.zeros(len(rows), dtype=bool)
    for name in _MOVED_AMOUNTS:
        moved_back |= kind["6"] & (rows.whole(name) < 0)
    rows.fault(judged & (total == 0) & ~moved_back, "ING-066", "principal_yen", "< 0")

    for name in _OWN_AMOUNTS:
        rows.fault(kind["5"] & (rows.whole(name) != 0), "ING-067", name, "0")
    for part in DUE_KEY:
        rows.fault((kind["3"] | kind["5"]) & rows.blank(f"offset_{part}"), "ING-035", f"offset_{part}", "充当先のキー")
        rows.fault(kind["6"] & rows.blank(f"corrected_{part}"), "ING-035", f"corrected_{part}", "訂正元のキー")


def _all_or_none_key(rows: Rows) -> None:
    """The nine parts of the due key come together or not at all."""
    blank = {part: rows.blank(part) for part in DUE_KEY}
    some = ~np.logical_and.reduce(list(blank.values()))
    for part in DUE_KEY:
        rows.fault(some & blank[part], "ING-067", part, "9キーすべて、またはすべて空欄")


# --- barcodes ----------------------------------------------------------------------------------------------------


def barcode_digits(barcodes: pa.Array) -> npt.NDArray[np.uint8]:
    """Barcodes of 44 digits (no nulls) as a matrix of digits."""
    joined = pc.binary_join(pa.ListArray.from_arrays(pa.array([0, len(barcodes)], pa.int32()), barcodes), "")
    raw = np.frombuffer(joined[0].as_py().encode("ascii"), dtype=np.uint8)
    return (raw - ord("0")).reshape(-1, barcode.LENGTH)


def _numbers_at(digits: npt.NDArray[np.uint8], place: slice) -> npt.NDArray[np.int64]:
    part = digits[:, place].astype(np.int64)
    weights: npt.NDArray[np.int64] = 10 ** np.arange(part.shape[1] - 1, -1, -1, dtype=np.int64)
    return part @ weights


def _check_barcode(rows: Rows, name: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Prefix 91 and check digit (modulus 10, weights 3 and 1 from the right). Returns the rows judged, their digits."""
    where = np.flatnonzero(rows.known(name))
    digits = barcode_digits(rows.value[name].take(pa.array(where)))
    expected = barcode.check_digits(digits)
    rows.fault(_spread(rows, where, (digits[:, 0] != 9) | (digits[:, 1] != 1)), "ING-067", name, "91…")
    wrong = np.full(len(rows), -1, dtype=np.int64)
    wrong[where] = expected
    rows.fault(_spread(rows, where, digits[:, -1] != expected), "ING-036", name, lambda row: f"…{wrong[row]}")
    return where, digits


def _spread(rows: Rows, where: npt.NDArray[np.int64], found: Mask) -> Mask:
    mask = np.zeros(len(rows), dtype=bool)
    mask[where] = found
    return mask


def _barcode_matches_amount(rows: Rows) -> None:
    """The 44 digits are whole, and their amount is the amount of the row (also of a 郵便振替訂正, 22)."""
    where, digits = _check_barcode(rows, "barcode")
    printed = np.zeros(len(rows), dtype=np.int64)
    printed[where] = _numbers_at(digits, _BARCODE_AMOUNT)
    differs = _spread(rows, where, np.ones(len(where), dtype=bool)) & rows.known("amount_yen")
    differs &= printed != rows.whole("amount_yen")
    rows.fault(differs, "ING-067", "amount_yen", lambda row: f"{printed[row]}（バーコードの金額）")


def _slip_barcode(rows: Rows) -> None:
    """A printed barcode is whole and carries the number of its slip."""
    where, digits = _check_barcode(rows, "cvs_barcode")
    carried = np.zeros(len(rows), dtype=np.int64)
    carried[where] = _numbers_at(digits, _BARCODE_SLIP)
    slip = pc.fill_null(pc.cast(rows.value["slip_no"], pa.int64()), -1).to_numpy(zero_copy_only=False)
    judged = _spread(rows, where, np.ones(len(where), dtype=bool)) & (slip >= 0)
    rows.fault(
        judged & (slip != carried), "ING-067", "slip_no", lambda row: f"{carried[row]:016d}（バーコード14～29桁目）"
    )


# --- people ------------------------------------------------------------------------------------------------------


def _digits_of(rows: Rows, name: str, length: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The rows with a number, and its digits as a matrix."""
    where = np.flatnonzero(rows.known(name))
    number = pc.cast(rows.value[name].take(pa.array(where)), pa.int64()).to_numpy(zero_copy_only=False)
    powers: npt.NDArray[np.int64] = 10 ** np.arange(length - 1, -1, -1, dtype=np.int64)
    return where, number[:, None] // powers % 10


def _individual_number(rows: Rows) -> None:
    """Check digit of a 個人番号 (平成26年総務省令第85号5条): modulus 11, remainders 0 and 1 give 0."""
    where, digits = _digits_of(rows, "individual_no", 12)
    remainder = digits[:, :11] @ np.array([6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
    expected = np.where(remainder <= 1, 0, 11 - remainder)
    rows.fault(_spread(rows, where, digits[:, 11] != expected), "ING-036", "individual_no", "12桁の個人番号")


def _corporate_number(rows: Rows) -> None:
    """Check digit of a 法人番号: the first of 13 digits, modulus 9, weights 1 and 2 from the right."""
    where, digits = _digits_of(rows, "corporate_no", 13)
    expected = 9 - digits[:, 1:] @ np.array([2, 1] * 6) % 9
    rows.fault(_spread(rows, where, digits[:, 0] != expected), "ING-036", "corporate_no", "13桁の法人番号")


def _birth_year(rows: Rows) -> None:
    """The year of birth, open to models; the day stays personal."""
    rows.value["birth_year"] = pc.year(rows.value["birth_date"])


# --- others ------------------------------------------------------------------------------------------------------


def _account_periods(rows: Rows) -> None:
    """An account, or a pause of it, does not end before it begins."""
    for first, last in (("valid_from", "valid_to"), ("paused_from", "paused_to")):
        _not_before(rows, first, last)


def _share(rows: Rows) -> None:
    """A share is no more than the whole."""
    given = rows.known("numerator") & rows.known("denominator")
    rows.fault(given & (rows.whole("numerator") > rows.whole("denominator")), "ING-067", "numerator", "≦ 分母")


# --- staff records -----------------------------------------------------------------------------------------------


def _two_persons(rows: Rows) -> None:
    """Who approves is not who drafted; approver and day come together, and not before the draft."""
    live = rows.live
    approved = ~rows.blank("approved_by")
    same: Mask = pc.fill_null(pc.equal(rows.value["drafted_by"], rows.value["approved_by"]), False).to_numpy(
        zero_copy_only=False
    )
    rows.fault(same & live, "ING-067", "approved_by", "起案者と別の職員")
    rows.fault(approved & rows.blank("approved_date") & live, "ING-035", "approved_date", "決裁日")
    rows.fault(~approved & ~rows.blank("approved_date") & live, "ING-035", "approved_by", "決裁者")
    _not_before(rows, "drafted_date", "approved_date")


def _not_before(rows: Rows, first: str, then: str) -> None:
    """Where both days are given, the second does not come before the first."""
    before: Mask = pc.fill_null(pc.less(rows.value[then], rows.value[first]), False).to_numpy(zero_copy_only=False)
    rows.fault(before & rows.live, "ING-067", then, f"≧ {rows.label(first)}")


def _staff_dates(rows: Rows) -> None:
    """Nobody ends before they begin."""
    _not_before(rows, "from_date", "to_date")


# what each kind of decision must name besides its amount: refund, offset, reallocation, suspense item
_DECISION_NEEDS = {
    "1": ("tax_item_code", "from_component_code"),
    "2": (
        "tax_item_code",
        "from_component_code",
        "offset_tax_item_code",
        "to_component_code",
        "value_date",
        "fiscal_year",
    ),
    "3": (
        "tax_item_code",
        "from_component_code",
        "offset_tax_item_code",
        "to_component_code",
        "value_date",
        "fiscal_year",
    ),
    "4": ("receipt_id",),
}


def _decision_parts(rows: Rows) -> None:
    """A decision names what it needs, and a reallocation bears no interest."""
    for code, needed in _DECISION_NEEDS.items():
        kind = rows.equals("decision_type_code", code) & rows.live
        for name in needed:
            rows.fault(kind & rows.blank(name), "ING-035", name, rows.label(name))
    moves = rows.equals("decision_type_code", "2", "3") & rows.live
    for part in DUE_KEY:
        rows.fault(moves & rows.blank(f"offset_{part}"), "ING-035", f"offset_{part}", "充当先のキー")
    no_interest = rows.equals("decision_type_code", "3") & rows.equals("from_component_code", "4") & rows.live
    rows.fault(no_interest, "ING-067", "from_component_code", "1, 2, 3")
    suspense = rows.equals("decision_type_code", "4") & rows.live
    neither = suspense & rows.blank("tax_item_code") & rows.blank("addressee_no")
    rows.fault(neither, "ING-035", "addressee_no", "期別のキーまたは宛名番号")


def _notice_dates(rows: Rows) -> None:
    """Told, claimed, decided, paid: in this order; what is paid has been decided, with its interest."""
    for first, then in (
        ("notified_date", "claimed_date"),
        ("claimed_date", "decided_date"),
        ("notified_date", "decided_date"),
        ("decided_date", "paid_date"),
    ):
        _not_before(rows, first, then)
    paid = ~rows.blank("paid_date") & rows.live
    rows.fault(paid & rows.blank("decided_date"), "ING-035", "decided_date", "支出決定日")
    rows.fault(paid & rows.blank("refund_interest_yen"), "ING-035", "refund_interest_yen", "0以上の金額")


ROW_RULES: dict[str, RowRule] = {
    "account_periods": _account_periods,
    "all_or_none_key": _all_or_none_key,
    "assessment_event": _assessment_event,
    "barcode_matches_amount": _barcode_matches_amount,
    "birth_year": _birth_year,
    "corporate_number": _corporate_number,
    "decision_parts": _decision_parts,
    "individual_number": _individual_number,
    "notice_dates": _notice_dates,
    "receipt_type_signs": _receipt_type_signs,
    "share": _share,
    "slip_barcode": _slip_barcode,
    "two_persons": _two_persons,
    "staff_dates": _staff_dates,
}

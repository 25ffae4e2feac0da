"""Valid fixed-length files of every format, made with our own writer: what the tests read, and break."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from ingestion.barcode import check_digit
from ingestion.decoded import Context, Decoded
from ingestion.fixed import decode
from ingestion.layout import Layout, load_layouts
from ingestion.writer import Group, write_fixed

LAYOUTS: dict[str, Layout] = load_layouts()
LANDED = date(2025, 7, 10)
FIXED = [
    "zengin91_120",
    "municipal_220",
    "municipal_300",
    "municipal_350",
    "zengin21_120",
    "zengin01_200",
    "zengin03_200",
    "cvs_120",
    "cvs_120_mufg",
]
DEBITS = FIXED[:4]


def barcode(slip: int, yen: int, pay_by: str = "250731") -> str:
    first = f"91959919152990{slip:015d}0{pay_by}0{yen:06d}"
    return first + str(check_digit(first))


def debit_group(consignor: str = "1234567890", codes: tuple[str, ...] = ("0", "1", "0"), base: int = 1000) -> Group:
    count = len(codes)
    data = {
        "bank_code": ["0140"] * count,
        "bank_name": ["ﾕｷﾐ"] * count,
        "branch_code": ["001"] * count,
        "branch_name": ["ﾎﾝﾃﾝ"] * count,
        "account_type_code": ["1"] * count,
        "account_no": [f"{7000000 + i:07d}" for i in range(count)],
        "holder_name": ["ﾔﾏﾀﾞ ﾊﾅｺ", "ｽｽﾞｷ(ｶ", "ﾖ-ｺ"][:count] if count <= 3 else ["ｻﾄｳ"] * count,
        "amount_yen": [base * (i + 1) for i in range(count)],
        "new_code": ["0"] * count,
        "customer_no": [f"3025{i:010d}012500" for i in range(count)],
        "result_code": list(codes),
    }
    header = {
        "consignor_code": consignor,
        "consignor_name": "ﾕｷﾐｼ",
        "debit_date": date(2025, 6, 30),
        "collecting_bank_code": "0140",
        "collecting_branch_code": "001",
        "consignor_account_type_code": "1",
        "consignor_account_no": "0000001",
    }
    return header, {name: pa.array(values) for name, values in data.items()}


def debits(layout_id: str, role: str = "result", groups: list[Group] | None = None, **line_end: Any) -> bytes:
    if groups is None:
        groups = [debit_group(codes=("0", "1", "0") if role == "result" else ("0", "0", "0"))]
    if layout_id == "municipal_350":  # shorter codes
        groups = [
            (
                {**g[0], "consignor_code": g[0]["consignor_code"][:8]},
                {**g[1], "customer_no": [str(v)[:18] for v in g[1]["customer_no"]]},
            )
            for g in groups
        ]
    return write_fixed(LAYOUTS[layout_id], groups, role=role, **line_end)


def transfers(**line_end: Any) -> bytes:
    data = {
        "bank_code": ["0140", "9900"],
        "bank_name": ["ﾕｷﾐ", "ﾕｳﾁﾖ"],
        "branch_code": ["001", "058"],
        "branch_name": ["ﾎﾝﾃﾝ", None],
        "account_type_code": ["1", "1"],
        "account_no": ["7000001", "1234567"],
        "recipient_name": ["ﾔﾏﾀﾞ ﾊﾅｺ", "ﾀﾅｶ ｲﾁﾛｳ"],
        "amount_yen": [12300, 400],
        "new_code": ["0", "0"],
        "customer_code_1": ["0000000001", None],
        "customer_code_2": ["0000000002", None],
        "edi": [None, "ｶﾝﾌﾟ/R7"],
        "transfer_type_code": ["7", None],
        "edi_flag": [None, "Y"],
    }
    header: dict[str, Any] = {"client_code": "0000000152", "client_name": "ﾕｷﾐｼ", "transfer_date": date(2025, 7, 15)}
    header["client_account_type_code"] = "1"
    return write_fixed(LAYOUTS["zengin21_120"], [(header, data)], **line_end)


STATEMENT_HEADER = {
    "created_date": date(2025, 7, 1),
    "from_date": date(2025, 6, 30),
    "to_date": date(2025, 6, 30),
    "bank_code": "0140",
    "bank_name": "ﾕｷﾐ",
    "branch_code": "001",
    "branch_name": "ﾎﾝﾃﾝ",
    "account_type_code": "1",
    "account_name": "ﾕｷﾐｼ ｶｲｹｲｶﾝﾘｼﾔ",
}


def deposits(**line_end: Any) -> bytes:
    """振込入金通知: two records of format A, one of them cancelled, and two of format B."""
    data = {
        "entry_no": ["000001", "000002", "000003", "000004"],
        "book_date": [date(2025, 6, 30)] * 4,
        "value_date": [date(2025, 6, 30), None, date(2025, 6, 27), None],
        "amount_yen": [5000, 700, 0, 300],
        "other_bank_yen": [0, 0, 0, 0],
        "payer_code": ["0000000000"] * 4,
        "payer_name": ["ﾔﾏﾀﾞ ﾊﾅｺ"] * 4,
        "remitting_bank_name": ["ｺｼﾞ"] * 4,
        "remitting_branch_name": ["ﾎﾝﾃﾝ"] * 4,
        "cancel_code": [None, "1", None, None],
        "amount2_yen": [None, None, 12345678901, 0],
        "other_bank2_yen": [None, None, 0, 0],
    }
    header = {**STATEMENT_HEADER, "account_no": "1234567"}
    return write_fixed(LAYOUTS["zengin01_200"], [(header, data)], **line_end)


def statement(closing: int = 1_005_700, **line_end: Any) -> bytes:
    data = {
        "entry_no": ["00000001", "00000002", "00000003"],
        "book_date": [date(2025, 6, 30)] * 3,
        "value_date": [date(2025, 6, 30)] * 3,
        "direction_code": ["1", "2", "1"],
        "transaction_code": ["11", "14", "10"],
        "amount_yen": [5000, 300, 1000],
        "payer_name": ["ﾔﾏﾀﾞ ﾊﾅｺ", None, "ｽｽﾞｷ"],
        "summary": ["ﾌﾘｺﾐ", "ｺｳｻﾞﾌﾘｶｴ", None],
    }
    header = {
        **STATEMENT_HEADER,
        "reserved_code": "000",
        "account_no": "0001234567",
        "opening_sign_code": "1",
        "opening_balance_yen": 1_000_000,
    }
    trailer = {"closing_sign_code": "1" if closing >= 0 else "2", "closing_balance_yen": abs(closing)}
    return write_fixed(LAYOUTS["zengin03_200"], [(header, data, trailer)], **line_end)


def convenience(layout_id: str = "cvs_120", **line_end: Any) -> bytes:
    codes = [barcode(1, 12300), barcode(2, 400), barcode(2, 400), barcode(3, 99)]
    data = {
        "record_kind": ["01", "02", "03", "01"],
        "store_date": [date(2025, 6, 28)] * 4,
        "store_time": ["1815", "0005", "2359", "0000"],
        "barcode": codes,
        "store_code": ["1100001"] * 4,
        "created_date": [date(2025, 6, 30)] * 4,
        "transfer_date": [None, date(2025, 7, 7), None, None],
        "fee_date": [None, date(2025, 7, 1), None, None],
        "chain_code": ["010", "020", "020", "680"],
    }
    header = {"created_file_date": date(2025, 7, 1), "agent_code": "95991", "client_code": "15299"}
    return write_fixed(LAYOUTS[layout_id], [(header, data)], **line_end)


def valid(layout_id: str, **line_end: Any) -> bytes:
    """A valid file of a format (direct debit: a result)."""
    if layout_id in DEBITS:
        return debits(layout_id, **line_end)
    if layout_id.startswith("cvs"):
        return convenience(layout_id, **line_end)
    made = {"zengin21_120": transfers, "zengin01_200": deposits, "zengin03_200": statement}
    return made[layout_id](**line_end)


def context(**changes: Any) -> Context:
    return Context(**{"file_name": "file.txt", "landed_on": LANDED, **changes})


def landed(data: bytes, layout_id: str, **changes: Any) -> Decoded:
    return decode(data, LAYOUTS[layout_id], context(**changes))


def matrix(data: bytes, layout_id: str) -> np.ndarray:
    """A file without line ends as one row per record."""
    return np.frombuffer(data, np.uint8).reshape(-1, int(LAYOUTS[layout_id].width or 0)).copy()

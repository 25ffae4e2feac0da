"""雪見市: the fixed facts of the fictional city, and how its people pay. Rates and shares follow published figures."""

from __future__ import annotations

from dataclasses import dataclass

MUNICIPALITY_CODE = "152994"
MUNICIPALITY_NAME = "雪見市"
CITY_BANK = "0140"  # 指定金融機関 雪見銀行 (fictional), branch 001
CITY_BANK_KANA = "ﾕｷﾐ"
CITY_BRANCH = "001"
CITY_BRANCH_KANA = "ﾎﾝﾃﾝ"
CITY_ACCOUNT = "0000001"
CITY_ACCOUNT_KANA = "ﾕｷﾐｼｶｲｹｲｶﾝﾘｼﾔ"
BARCODE_COMPANY = 959919  # 地方税
BARCODE_CLIENT = 52994
BILLER_NO = "15299"
CVS_LIMIT_YEN = 300_000  # a convenience store takes no public money above this
NO_LIMIT = 999999

# the way a payment is delivered
HISTORY, PAID_SLIPS, CVS, DSK, DEBIT, ELTAX, MPN = range(7)
ROUTE_NAMES = ("receipts", "paid_slips", "cvs_120", "cvs_dsk", "zengin91_120", "eltax_receipts", "mpn_receipts")
# what a row of paid_slips names
BY_SLIP, BY_OCR, BY_KEY, BY_ADDRESSEE, BY_NOTHING = range(5)

COUNTER, BANK_OCR, DIRECT_DEBIT, STORE, PAY_EASY, EL_QR, SMARTPHONE = 1, 2, 3, 4, 5, 6, 7
TRANSFER, EMPLOYER = 8, 10
ROUTE_OF_CHANNEL = {
    COUNTER: PAID_SLIPS,
    BANK_OCR: PAID_SLIPS,
    EMPLOYER: PAID_SLIPS,
    DIRECT_DEBIT: DEBIT,
    STORE: CVS,
    SMARTPHONE: DSK,
    PAY_EASY: MPN,
    EL_QR: ELTAX,
}
BANK_CHANNELS = (COUNTER, BANK_OCR, EMPLOYER, PAY_EASY)  # paid on days when banks are open

# convenience stores report through one agent (120-byte file), smartphones and the post office through another (CSV)
STORE_CHAINS = (10, 20, 30, 50, 80)
SMARTPHONE_CHAINS = (680, 820, 840)
POSTAL_CHAIN = 910
CHAIN_NAMES = {680: "自治体クレカ", 820: "PayPay", 840: "銀行Pay", 910: "郵便振替"}

MONTH_END = 31


@dataclass(frozen=True, slots=True)
class TaxItem:
    """One 科目: who pays it, how much (yen a year), when, and how.

    Instalments are (instalment_no, month, day of 本来納期限); the day is cut to the month's end. sigma is that of the
    log-normal distribution of yearly amounts. unpaid is the share of a year's yen still open at the closing;
    carried_paid is the share of carried-over yen that is collected in a year.
    """

    code: int
    name: str
    is_city_tax: bool
    instalments: tuple[tuple[int, int, int], ...]
    notified: tuple[int, int]
    persons: float
    owners_elsewhere: float
    corporations: float
    mean_yen: int
    corporate_mean_yen: int
    sigma: float
    debit_share: float
    unpaid: float
    carried_paid: float
    payment_class: int
    low_rate_months: int = 1


def _ends(*months: int) -> tuple[tuple[int, int, int], ...]:
    """Instalments at the ends of months; the one of December is due on the 25th."""
    return tuple((n, month, 25 if month == 12 else MONTH_END) for n, month in enumerate(months, start=1))


# 10 and 30: the dates of 岡山市 for 2024; 50, 60: eight instalments from July; 40: the end of May.
# 11: the tenth of the month after the one in which the employer withholds; instalment_no is that month. The months
# April and May belong to this fiscal year and to the tax year before it (自治令142条1項1号).
# 20: two months after the end of the firm's business year; instalments are made in dues.py.
TAX_ITEMS = (
    TaxItem(
        code=10,
        name="市県民税（普通徴収）",
        is_city_tax=True,
        instalments=_ends(6, 8, 10, 1),
        notified=(6, 10),
        persons=0.18,
        owners_elsewhere=0.02,
        corporations=0.0,
        mean_yen=66_000,
        corporate_mean_yen=0,
        sigma=0.8,
        debit_share=0.38,
        unpaid=0.0,
        carried_paid=0.38,
        payment_class=1,
    ),
    TaxItem(
        code=11,
        name="市県民税（特別徴収）",
        is_city_tax=True,
        instalments=tuple((m - 1 or 12, m, 10) for m in (5, 6, 7, 8, 9, 10, 11, 12, 1, 2, 3, 4)),
        notified=(5, 15),
        persons=0.0,
        owners_elsewhere=0.0,
        corporations=0.9,
        mean_yen=0,
        corporate_mean_yen=1_700_000,
        sigma=1.0,
        debit_share=0.0,
        unpaid=0.0,
        carried_paid=0.38,
        payment_class=2,
    ),
    TaxItem(
        code=20,
        name="法人市民税",
        is_city_tax=True,
        instalments=(),
        notified=(4, 1),
        persons=0.0,
        owners_elsewhere=0.0,
        corporations=0.95,
        mean_yen=0,
        corporate_mean_yen=300_000,
        sigma=0.9,
        debit_share=0.0,
        unpaid=0.0,
        carried_paid=0.38,
        payment_class=3,
    ),
    TaxItem(
        code=30,
        name="固定資産税・都市計画税",
        is_city_tax=True,
        instalments=((1, 4, 30), (2, 7, 31), (3, 9, 30), (4, 12, 25)),
        notified=(4, 10),
        persons=0.33,
        owners_elsewhere=0.7,
        corporations=0.5,
        mean_yen=150_000,
        corporate_mean_yen=1_000_000,
        sigma=0.7,
        debit_share=0.42,
        unpaid=0.0,
        carried_paid=0.38,
        payment_class=4,
    ),
    TaxItem(
        code=40,
        name="軽自動車税（種別割）",
        is_city_tax=True,
        instalments=((1, 5, 31),),
        notified=(5, 1),
        persons=0.38,
        owners_elsewhere=0.1,
        corporations=0.4,
        mean_yen=8_500,
        corporate_mean_yen=24_000,
        sigma=0.3,
        debit_share=0.25,
        unpaid=0.0,
        carried_paid=0.38,
        payment_class=127,
    ),
    TaxItem(
        code=50,
        name="国民健康保険税",
        is_city_tax=False,
        instalments=_ends(7, 8, 9, 10, 11, 12, 1, 2),
        notified=(7, 10),
        persons=0.12,
        owners_elsewhere=0.0,
        corporations=0.0,
        mean_yen=160_000,
        corporate_mean_yen=0,
        sigma=0.7,
        debit_share=0.42,
        unpaid=0.06,
        carried_paid=0.22,
        payment_class=6,
    ),
    TaxItem(
        code=60,
        name="介護保険料",
        is_city_tax=False,
        instalments=_ends(7, 8, 9, 10, 11, 12, 1, 2),
        notified=(7, 10),
        persons=0.04,
        owners_elsewhere=0.0,
        corporations=0.0,
        mean_yen=70_000,
        corporate_mean_yen=0,
        sigma=0.4,
        debit_share=0.3,
        unpaid=0.06,
        carried_paid=0.2,
        payment_class=7,
        low_rate_months=3,
    ),
)
ITEM = {item.code: item for item in TAX_ITEMS}
CITY_TAX = tuple(item.code for item in TAX_ITEMS if item.is_city_tax)
CONSIGNORS = {10: 1529940010, 30: 1529940030, 40: 1529940040, 50: 1529940050, 60: 1529940060}

# 松本市, fiscal 2023: 99.43 % of the current levy and 38.07 % of what was carried over (local taxes)
CITY_TAX_UNPAID = 0.0057
CITY_TAX_CARRIED_PAID = 0.38
DEBTOR_SHARE = 0.4  # of all arrears of local tax, one firm's
LATE_SHARE = 0.018  # of all dues: paid after 納期限 and before the closing
FEE_YEN = 100  # 督促手数料 of levy years up to FEE_LAST_LEVY_YEAR
FEE_LAST_LEVY_YEAR = 2023
CLAIMED_BEFORE_DAYS = 30  # a claim of 更正 comes so long before the reduction, 所得税の更正 so long
INCOME_TAX_BEFORE_DAYS = 20

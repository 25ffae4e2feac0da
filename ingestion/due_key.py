"""The key of a due: what tells one due (期別の調定) from every other."""

DUE_KEY = (
    "tax_item_code",
    "tax_item_detail_code",
    "assessing_body_code",
    "instalment_body_code",
    "body_scope_code",
    "levy_year",
    "tax_year",
    "notice_no",
    "instalment_no",
)

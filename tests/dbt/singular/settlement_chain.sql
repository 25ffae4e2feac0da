-- Invariant 3 (DESIGN §3): what a year carries in is what the year before left open, by tax item, row, body and part; what
-- was current and what was carried over meet in the next year's 滞納繰越分.
-- A failure: arrears appear or vanish between two years. Who looks: the developer on duty, before any settlement is
-- printed. One row per fiscal year, tax item, row and body.
with entries as (
    select
        sl.fiscal_year,
        sl.tax_item_code,
        sl.form_row,
        sl.body,
        sl.component,
        sl.carried_in_yen as carried_in_yen,
        cast(0 as bigint) as left_before_yen
    from {{ ref('fct_settlement_lines') }} as sl
    union all
    select
        sl.fiscal_year + 1 as fiscal_year,
        sl.tax_item_code,
        sl.form_row,
        sl.body,
        sl.component,
        cast(0 as bigint) as carried_in_yen,
        sl.outstanding_yen as left_before_yen
    from {{ ref('fct_settlement_lines') }} as sl
    where sl.fiscal_year < {{ fiscal_year_of(as_of_date()) }}
)

select
    en.fiscal_year,
    en.tax_item_code,
    en.form_row,
    en.body,
    {{ sum_yen('en.carried_in_yen') }} as carried_in_yen,
    {{ sum_yen('en.left_before_yen') }} as left_before_yen
from entries as en
where en.fiscal_year <= {{ fiscal_year_of(as_of_date()) }}
group by en.fiscal_year, en.tax_item_code, en.form_row, en.body, en.component
having sum(en.carried_in_yen) <> sum(en.left_before_yen)

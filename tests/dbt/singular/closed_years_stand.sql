-- A closed year never changes silently (DESIGN §3, Closing): its settlement lines are those that were approved, and the
-- corrections of closed years add up to nothing.
-- A failure: something changed a closed year that is not booked as a correction, such as an 按分 of a closed levy year that
-- was delivered anew. Who looks: the head of 収納係; deliver the old 按分 again.
-- One row per line of a closed year.
with entries as (
    select
        sl.fiscal_year,
        sl.tax_item_code,
        sl.form_row,
        sl.body,
        sl.component,
        sl.arrears_class,
        sl.carried_in_yen,
        sl.assessed_yen,
        sl.received_yen,
        sl.refund_unpaid_yen,
        sl.written_off_yen,
        sl.outstanding_yen
    from {{ ref('fct_settlement_lines') }} as sl
    inner join {{ ref('stg_closings') }} as cl on cl.fiscal_year = sl.fiscal_year
    union all
    select
        cn.fiscal_year,
        cn.tax_item_code,
        cn.form_row,
        cn.body,
        cn.component,
        cn.arrears_class,
        - cn.carried_in_yen as carried_in_yen,
        - cn.assessed_yen as assessed_yen,
        - cn.received_yen as received_yen,
        - cn.refund_unpaid_yen as refund_unpaid_yen,
        - cn.written_off_yen as written_off_yen,
        - cn.outstanding_yen as outstanding_yen
    from {{ ref('stg_closing_lines') }} as cn
),

corrections as (
    select
        cc.corrects_fiscal_year,
        cc.due_no,
        cc.component,
        cc.movement_kind
    from {{ ref('int_closing_corrections') }} as cc
    group by cc.corrects_fiscal_year, cc.due_no, cc.component, cc.movement_kind
    having sum(cc.amount_yen) <> 0
)

select
    en.fiscal_year,
    en.tax_item_code,
    en.form_row,
    en.body,
    en.component,
    en.arrears_class
from entries as en
group by en.fiscal_year, en.tax_item_code, en.form_row, en.body, en.component, en.arrears_class
having
    sum(en.carried_in_yen) <> 0
    or sum(en.assessed_yen) <> 0
    or sum(en.received_yen) <> 0
    or sum(en.refund_unpaid_yen) <> 0
    or sum(en.written_off_yen) <> 0
    or sum(en.outstanding_yen) <> 0
union all
select
    cr.corrects_fiscal_year as fiscal_year,
    cast(cr.due_no as {{ dbt.type_string() }}) as tax_item_code,
    cr.movement_kind as form_row,
    'correction' as body,
    cr.component,
    cast(null as {{ dbt.type_string() }}) as arrears_class
from corrections as cr

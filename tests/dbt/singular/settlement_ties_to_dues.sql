-- Invariant 3 (DESIGN §3): 収入未済 is what is open on the dues, by tax item: at the build's day, less what is overpaid on the
-- same due (one and the same due owes and is owed only the difference). Dues reduced below nothing are left out: the books
-- hold them at 0 (dues_reduced_below_nothing lists them).
-- A failure: the settlement carries over other arrears than the delinquency lists show. Who looks: the developer on duty.
-- One row per tax item.
with overpaid as (
    select
        mv.due_no,
        {{ sum_yen('mv.amount_yen * ef.overpayment') }} as overpaid_yen
    from {{ ref('fct_movements') }} as mv
    inner join {{ ref('movement_effects') }} as ef on {{ has_effect('mv', 'ef') }}
    where mv.due_no is not null and mv.component = 'principal' and not mv.is_provisional and ef.overpayment <> 0
    group by mv.due_no
),

entries as (
    select
        sl.tax_item_code,
        sl.outstanding_yen
        - case when sl.fiscal_year > {{ fiscal_year_of(as_of_date()) }} then sl.carried_in_yen else 0 end as line_yen,
        cast(0 as bigint) as due_yen
    from {{ ref('fct_settlement_lines') }} as sl
    where sl.fiscal_year >= {{ fiscal_year_of(as_of_date()) }}
    union all
    select
        du.tax_item_code,
        cast(0 as bigint) as line_yen,
        greatest(du.principal_balance_yen - coalesce(ov.overpaid_yen, 0), 0) as due_yen
    from {{ ref('fct_dues') }} as du
    left join overpaid as ov on ov.due_no = du.due_no
    where du.principal_balance_yen > 0
)

select
    en.tax_item_code,
    {{ sum_yen('en.line_yen') }} as line_yen,
    {{ sum_yen('en.due_yen') }} as due_yen
from entries as en
group by en.tax_item_code
having sum(en.line_yen) <> sum(en.due_yen)

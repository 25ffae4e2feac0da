-- One row per due and fiscal year, of dues not settled within their own year.
-- The principal of dues that did not come to nothing within their own fiscal year: what each year took over, what
-- happened in it and what it left. A year in which nothing happened has a row as long as something is open. All other
-- dues are sums of their movements, and need no row.
-- position_yen: what is open at the year's end, negative where more was paid than is owed. Both follow from what each
-- year's books say alone, so a later reduction or refund changes no earlier year.
{% set flows %}
    select
        mv.due_no,
        mv.fiscal_year,
        mv.amount_yen * ef.assessment as assessed_yen,
        mv.amount_yen * ef.revenue as received_yen,
        mv.amount_yen * ef.expenditure as repaid_yen,
        mv.amount_yen * ef.write_off as written_off_yen,
        mv.amount_yen * (ef.due_balance - ef.overpayment) as position_yen
    from {{ ref('int_booked_movements') }} as mv
    inner join {{ ref('movement_effects') }} as ef on {{ has_effect('mv', 'ef') }}
    where mv.due_no is not null and mv.component = 'principal' and not mv.is_provisional
{%- endset %}
with summed as (
    select
        fl.due_no,
        min(fl.fiscal_year) as first_fiscal_year,
        max(fl.fiscal_year) as last_fiscal_year,
        sum(fl.position_yen) as position_yen,
        sum(abs(fl.repaid_yen)) as repaid_yen
    from (
{{ flows }}
    ) as fl
    group by fl.due_no
),

unsettled as (
    select
        sm.due_no,
        {{ due_part_of('tax_item_code', 'ds', 'od') }} as tax_item_code,
        cast({{ due_part_of('levy_year', 'ds', 'od') }} as bigint) as levy_year
    from summed as sm
    {{ join_due_key('sm.due_no', 'ds', 'od') | indent(4) }}
    where
        sm.first_fiscal_year <> sm.last_fiscal_year
        or sm.first_fiscal_year <> cast({{ due_part_of('levy_year', 'ds', 'od') }} as bigint)
        or sm.position_yen <> 0
        or sm.repaid_yen <> 0
),

yearly as (
    select
        fl.due_no,
        us.tax_item_code,
        us.levy_year,
        fl.fiscal_year,
        {{ sum_yen('fl.assessed_yen') }} as assessed_yen,
        {{ sum_yen('fl.received_yen') }} as received_yen,
        {{ sum_yen('fl.repaid_yen') }} as repaid_yen,
        {{ sum_yen('fl.written_off_yen') }} as written_off_yen,
        {{ sum_yen('fl.position_yen') }} as moved_yen
    from (
{{ flows }}
    ) as fl
    inner join unsettled as us on us.due_no = fl.due_no
    group by fl.due_no, us.tax_item_code, us.levy_year, fl.fiscal_year
),

running as (
    select
        yr.*,
        sum(yr.moved_yen) over (
            partition by yr.due_no order by yr.fiscal_year rows between unbounded preceding and current row
        ) as position_yen,
        coalesce(
            lead(yr.fiscal_year) over (partition by yr.due_no order by yr.fiscal_year),
            greatest(yr.fiscal_year, {{ fiscal_year_of(as_of_date()) }}) + 1
        ) as next_fiscal_year
    from yearly as yr
),

years as (
    {{ fiscal_years() }}
),

filled as (
    select
        rn.due_no,
        rn.tax_item_code,
        rn.levy_year,
        fy.fiscal_year,
        case when fy.fiscal_year = rn.fiscal_year then rn.assessed_yen else 0 end as assessed_yen,
        case when fy.fiscal_year = rn.fiscal_year then rn.received_yen else 0 end as received_yen,
        case when fy.fiscal_year = rn.fiscal_year then rn.repaid_yen else 0 end as repaid_yen,
        case when fy.fiscal_year = rn.fiscal_year then rn.written_off_yen else 0 end as written_off_yen,
        rn.position_yen
    from running as rn
    inner join years as fy
        on fy.fiscal_year >= rn.fiscal_year
        and fy.fiscal_year < rn.next_fiscal_year
        and (fy.fiscal_year = rn.fiscal_year or rn.position_yen > 0)
),

chained as (
    select
        fl.*,
        greatest(fl.position_yen, 0) as outstanding_yen,
        greatest(- fl.position_yen, 0) as overpaid_yen,
        coalesce(lag(fl.position_yen) over (partition by fl.due_no order by fl.fiscal_year), 0) as position_before_yen
    from filled as fl
),

-- After its own year a due's 調定 falls by a reduction only as far as something is unpaid; what earlier years had
-- received is repaid from 歳出 and touches no revenue line, and what they hold too much pays an increase the same way.
beyond as (
    select
        ch.*,
        greatest(ch.position_before_yen, 0) as carried_in_yen,
        greatest(- ch.position_before_yen, 0) as overpaid_before_yen,
        case
            when ch.fiscal_year <= ch.levy_year then 0
            when ch.assessed_yen < 0 then least(
                - ch.assessed_yen,
                greatest(
                    - ch.assessed_yen - greatest(ch.position_before_yen, 0),
                    ch.repaid_yen - greatest(- ch.position_before_yen, 0),
                    0
                )
            )
            else - least(
                ch.assessed_yen,
                greatest(
                    greatest(- ch.position_before_yen, 0) - ch.repaid_yen + least(ch.received_yen, 0) - ch.overpaid_yen, 0
                )
            )
        end as beyond_yen
    from chained as ch
)

select
    {{ due_key_of('bd.due_no', 'ds', 'od') }} as due_key,
    bd.tax_item_code,
    bd.levy_year,
    bd.fiscal_year,
    cast(bd.carried_in_yen as bigint) as carried_in_yen,
    cast(bd.assessed_yen as bigint) as assessed_yen,
    cast(bd.beyond_yen as bigint) as beyond_yen,
    cast(bd.received_yen as bigint) as received_yen,
    cast(bd.repaid_yen as bigint) as repaid_yen,
    cast(bd.written_off_yen as bigint) as written_off_yen,
    -- 還付未済: overpaid receipts of the year that its revenue has not given back by its closing day.
    cast(bd.overpaid_yen - bd.overpaid_before_yen + bd.repaid_yen - bd.beyond_yen as bigint) as refund_unpaid_yen,
    cast(bd.outstanding_yen as bigint) as outstanding_yen,
    cast(bd.overpaid_yen as bigint) as overpaid_yen
from beyond as bd
{{ join_due_key('bd.due_no', 'ds', 'od') }}

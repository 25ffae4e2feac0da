-- One row per fiscal year, month of booking, tax item and arrears class.
-- 月別収入: what was booked in each month, by fiscal year (the closing months have both years), tax item and arrears
-- class, with the same month of the year before. Received is 収入済: with overpayments, offsets and reallocations, less
-- 戻出. A correction of a closed year stands in the month of its closing.
with booked as (
    select
        mv.fiscal_year,
        {{ add_days('mv.posted_date', '1 - extract(day from mv.posted_date)') }} as posted_month,
        mv.tax_item_code,
        case when mv.is_carried_over then 'carried_over' else 'current' end as arrears_class,
        {%- for component in ['principal', 'reminder_fee', 'late_charge'] %}
        {{ sum_yen("case when mv.component = '" ~ component ~ "' then mv.amount_yen * ef.revenue else 0 end") }}
            as {{ component }}_yen{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('fct_movements') }} as mv
    inner join {{ ref('movement_effects') }} as ef on {{ has_effect('mv', 'ef') }}
    where mv.due_no is not null and not mv.is_provisional and ef.revenue <> 0
    group by
        mv.fiscal_year,
        {{ add_days('mv.posted_date', '1 - extract(day from mv.posted_date)') }},
        mv.tax_item_code,
        case when mv.is_carried_over then 'carried_over' else 'current' end
),

paired as (
    select
        bk.*,
        cast(0 as bigint) as previous_principal_yen
    from booked as bk
    union all
    select
        bk.fiscal_year + 1 as fiscal_year,
        {{ add_months('bk.posted_month', 12) }} as posted_month,
        bk.tax_item_code,
        bk.arrears_class,
        cast(0 as bigint) as principal_yen,
        cast(0 as bigint) as reminder_fee_yen,
        cast(0 as bigint) as late_charge_yen,
        bk.principal_yen as previous_principal_yen
    from booked as bk
    where {{ add_months('bk.posted_month', 12) }} <= {{ as_of_date() }}
),

summed as (
    select
        bt.fiscal_year,
        bt.posted_month,
        bt.tax_item_code,
        bt.arrears_class,
        {%- for column in ['principal', 'reminder_fee', 'late_charge', 'previous_principal'] %}
        {{ sum_yen('bt.' ~ column ~ '_yen') }} as {{ column }}_yen{{ ',' if not loop.last }}
        {%- endfor %}
    from paired as bt
    group by bt.fiscal_year, bt.posted_month, bt.tax_item_code, bt.arrears_class
)

select
    sm.fiscal_year,
    sm.posted_month,
    sm.tax_item_code,
    sm.arrears_class,
    sm.principal_yen,
    sm.reminder_fee_yen,
    sm.late_charge_yen,
    cast(sum(sm.principal_yen) over (
        partition by sm.fiscal_year, sm.tax_item_code, sm.arrears_class
        order by sm.posted_month rows between unbounded preceding and current row
    ) as bigint) as principal_to_date_yen,
    sm.previous_principal_yen,
    cast(sum(sm.previous_principal_yen) over (
        partition by sm.fiscal_year, sm.tax_item_code, sm.arrears_class
        order by sm.posted_month rows between unbounded preceding and current row
    ) as bigint) as previous_to_date_yen
from summed as sm

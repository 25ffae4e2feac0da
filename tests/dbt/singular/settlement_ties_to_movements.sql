-- Invariant 3 (DESIGN §3): a year's 収入済, 不納欠損 and 調定 are the sums of its movements, by tax item, part and arrears class,
-- over all rows and bodies; so are the months of rpt_monthly_collection. Of 調定, what a reduction of carried-over dues takes
-- from money of earlier years is left out of the lines: it is repaid from 歳出.
-- A failure: 按分 loses or makes a yen, or the settlement counts what the day-book does not. Who looks: the developer on
-- duty. One row per fiscal year, tax item, part and arrears class.
with entries as (
    select
        sl.fiscal_year,
        sl.tax_item_code,
        sl.component,
        sl.arrears_class,
        sl.assessed_yen - sl.carried_in_yen as assessed_yen,
        sl.received_yen,
        sl.written_off_yen,
        case when sl.component = 'principal' then sl.received_yen else 0 end as monthly_yen
    from {{ ref('fct_settlement_lines') }} as sl
    union all
    select
        cd.fiscal_year,
        cd.tax_item_code,
        'principal' as component,
        case when cd.levy_year < cd.fiscal_year then 'carried_over' else 'current' end as arrears_class,
        - cd.beyond_yen as assessed_yen,
        cast(0 as bigint) as received_yen,
        cast(0 as bigint) as written_off_yen,
        cast(0 as bigint) as monthly_yen
    from {{ ref('fct_carried_dues') }} as cd
    where cd.beyond_yen <> 0
    union all
    select
        mv.fiscal_year,
        mv.tax_item_code,
        mv.component,
        case when mv.is_carried_over then 'carried_over' else 'current' end as arrears_class,
        case when mv.component = 'principal' then - mv.amount_yen * ef.assessment else - mv.amount_yen * ef.revenue end
            as assessed_yen,
        - mv.amount_yen * ef.revenue as received_yen,
        case when mv.component = 'principal' then - mv.amount_yen * ef.write_off else 0 end as written_off_yen,
        cast(0 as bigint) as monthly_yen
    from {{ ref('fct_movements') }} as mv
    inner join {{ ref('movement_effects') }} as ef on {{ has_effect('mv', 'ef') }}
    where
        mv.due_no is not null
        and mv.component in ('principal', 'reminder_fee', 'late_charge')
        and not mv.is_provisional
    union all
    select
        mc.fiscal_year,
        mc.tax_item_code,
        'principal' as component,
        mc.arrears_class,
        cast(0 as bigint) as assessed_yen,
        cast(0 as bigint) as received_yen,
        cast(0 as bigint) as written_off_yen,
        - mc.principal_yen as monthly_yen
    from {{ ref('rpt_monthly_collection') }} as mc
)

select
    en.fiscal_year,
    en.tax_item_code,
    en.component,
    en.arrears_class,
    {{ sum_yen('en.assessed_yen') }} as assessed_difference_yen,
    {{ sum_yen('en.received_yen') }} as received_difference_yen,
    {{ sum_yen('en.written_off_yen') }} as written_off_difference_yen,
    {{ sum_yen('en.monthly_yen') }} as monthly_difference_yen
from entries as en
group by en.fiscal_year, en.tax_item_code, en.component, en.arrears_class
having
    sum(en.assessed_yen) <> 0
    or sum(en.received_yen) <> 0
    or sum(en.written_off_yen) <> 0
    or sum(en.monthly_yen) <> 0

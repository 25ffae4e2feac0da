-- One row per month or settlement of a year, tax item and share of another body.
-- 県民税・森林環境税の払込み (地方税法42条, 施行令8条): what was collected in each month together with the city's tax, and what of it
-- belongs to the prefecture and to the state. April to June by last year's 按分, from July by this year's; when the year
-- is over, a row settles it by this year's. Fractions of a yen stay with the city (the first row).
with collected as (
    select
        {{ fiscal_year_of('mv.posted_date') }} as fiscal_year,
        {{ add_days('mv.posted_date', '1 - extract(day from mv.posted_date)') }} as posted_month,
        mv.tax_item_code,
        {{ sum_yen('mv.amount_yen * ef.revenue') }} as collected_yen
    from {{ ref('fct_movements') }} as mv
    inner join {{ ref('movement_effects') }} as ef on {{ has_effect('mv', 'ef') }}
    where
        mv.component = 'principal'
        and not mv.is_provisional
        and mv.corrects_fiscal_year is null
        and ef.revenue <> 0
        and mv.tax_item_code in (
            select sh.tax_item_code from {{ ref('int_apportionment_shares') }} as sh where sh.body <> 'city'
        )
    group by
        {{ fiscal_year_of('mv.posted_date') }},
        {{ add_days('mv.posted_date', '1 - extract(day from mv.posted_date)') }},
        mv.tax_item_code
),

versions as (
    select distinct
        sh.levy_year,
        sh.tax_item_code,
        sh.valid_from
    from {{ ref('int_apportionment_shares') }} as sh
),

ranked as (
    select
        cl.fiscal_year,
        cl.posted_month,
        cl.tax_item_code,
        cl.collected_yen,
        vs.levy_year,
        vs.valid_from,
        row_number() over (
            partition by cl.posted_month, cl.tax_item_code
            order by
                case
                    when extract(month from cl.posted_month) in (4, 5, 6) and vs.levy_year = cl.fiscal_year - 1 then 1
                    when vs.levy_year = cl.fiscal_year then 2
                    else 3
                end,
                vs.valid_from desc
        ) as rank_in_month
    from collected as cl
    inner join versions as vs
        on vs.tax_item_code = cl.tax_item_code
        and vs.levy_year between cl.fiscal_year - 1 and cl.fiscal_year
        and vs.valid_from < {{ add_months('cl.posted_month', 1) }}
),

monthly as (
    select
        rk.fiscal_year,
        rk.posted_month,
        rk.tax_item_code,
        sh.form_row,
        sh.body,
        rk.collected_yen,
        sh.levy_year,
        sh.numerator,
        sh.denominator,
        cast({{ share_of('rk.collected_yen', 'sh.numerator', 'sh.denominator') }} as bigint) as payable_yen
    from ranked as rk
    inner join {{ ref('int_apportionment_shares') }} as sh
        on sh.levy_year = rk.levy_year and sh.tax_item_code = rk.tax_item_code and sh.valid_from = rk.valid_from
    where rk.rank_in_month = 1 and sh.body <> 'city'
),

paid as (
    select
        mn.fiscal_year,
        mn.tax_item_code,
        mn.form_row,
        mn.body,
        {{ sum_yen('mn.payable_yen') }} as payable_yen
    from monthly as mn
    group by mn.fiscal_year, mn.tax_item_code, mn.form_row, mn.body
),

whole_years as (
    select
        cl.fiscal_year,
        cl.tax_item_code,
        {{ sum_yen('cl.collected_yen') }} as collected_yen
    from collected as cl
    where cl.fiscal_year < {{ fiscal_year_of(add_days(as_of_date(), 1)) }}
    group by cl.fiscal_year, cl.tax_item_code
),

year_end_versions as (
    select
        vs.levy_year,
        vs.tax_item_code,
        max(vs.valid_from) as valid_from
    from versions as vs
    where {{ fiscal_year_of('vs.valid_from') }} <= vs.levy_year
    group by vs.levy_year, vs.tax_item_code
),

settled as (
    select
        wy.fiscal_year,
        wy.tax_item_code,
        sh.form_row,
        sh.body,
        wy.collected_yen,
        sh.levy_year,
        sh.numerator,
        sh.denominator,
        cast({{ share_of('wy.collected_yen', 'sh.numerator', 'sh.denominator') }} - coalesce(pd.payable_yen, 0) as bigint)
            as payable_yen
    from whole_years as wy
    inner join year_end_versions as yv on yv.levy_year = wy.fiscal_year and yv.tax_item_code = wy.tax_item_code
    inner join {{ ref('int_apportionment_shares') }} as sh
        on sh.levy_year = yv.levy_year and sh.tax_item_code = yv.tax_item_code and sh.valid_from = yv.valid_from
    left join paid as pd
        on pd.fiscal_year = wy.fiscal_year
        and pd.tax_item_code = wy.tax_item_code
        and pd.form_row = sh.form_row
        and pd.body = sh.body
    where sh.body <> 'city'
)

select
    cast(mn.fiscal_year as bigint) as fiscal_year,
    'monthly' as payment_kind,
    mn.posted_month,
    mn.tax_item_code,
    mn.form_row,
    mn.body,
    mn.collected_yen,
    mn.levy_year as apportionment_year,
    mn.numerator,
    mn.denominator,
    mn.payable_yen
from monthly as mn
union all
select
    cast(st.fiscal_year as bigint) as fiscal_year,
    'settlement' as payment_kind,
    cast(concat(cast(st.fiscal_year + 1 as {{ dbt.type_string() }}), '-03-01') as date) as posted_month,
    st.tax_item_code,
    st.form_row,
    st.body,
    st.collected_yen,
    st.levy_year as apportionment_year,
    st.numerator,
    st.denominator,
    st.payable_yen
from settled as st

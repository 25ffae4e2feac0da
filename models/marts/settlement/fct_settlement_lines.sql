-- One row per fiscal year, tax item, form row, body, component and arrears class.
-- 決算: what each fiscal year was to collect, collected, wrote off and left, as sums of fct_movements; the principal of
-- every levy year is shared by its 按分 as of the year's last day. Late charges and fees are 調定 when they are received.
with flows as (
    select
        mv.fiscal_year,
        mv.tax_item_code,
        cast(mv.levy_year as bigint) as levy_year,
        mv.component,
        {{ sum_yen('mv.amount_yen * ef.assessment') }} as assessed_yen,
        {{ sum_yen('mv.amount_yen * ef.revenue') }} as received_yen,
        {{ sum_yen('mv.amount_yen * ef.write_off') }} as written_off_yen
    from {{ ref('fct_movements') }} as mv
    inner join {{ ref('movement_effects') }} as ef on {{ has_effect('mv', 'ef') }}
    where
        mv.due_no is not null
        and mv.component in ('principal', 'reminder_fee', 'late_charge')
        and not mv.is_provisional
    group by mv.fiscal_year, mv.tax_item_code, mv.levy_year, mv.component
),

carried as (
    select
        cd.fiscal_year,
        cd.tax_item_code,
        cd.levy_year,
        {{ sum_yen('cd.carried_in_yen') }} as carried_in_yen,
        {{ sum_yen('cd.beyond_yen') }} as beyond_yen,
        {{ sum_yen('cd.refund_unpaid_yen') }} as refund_unpaid_yen,
        {{ sum_yen('cd.outstanding_yen') }} as outstanding_yen
    from {{ ref('fct_carried_dues') }} as cd
    group by cd.fiscal_year, cd.tax_item_code, cd.levy_year
),

principals as (
    select
        coalesce(fl.fiscal_year, cr.fiscal_year) as fiscal_year,
        coalesce(fl.tax_item_code, cr.tax_item_code) as tax_item_code,
        coalesce(fl.levy_year, cr.levy_year) as levy_year,
        coalesce(cr.carried_in_yen, 0) as carried_in_yen,
        coalesce(fl.assessed_yen, 0) + coalesce(cr.beyond_yen, 0) as added_yen,
        coalesce(fl.written_off_yen, 0) as written_off_yen,
        coalesce(cr.refund_unpaid_yen, 0) as refund_unpaid_yen,
        coalesce(cr.outstanding_yen, 0) as outstanding_yen
    from (
        select * from flows as fp where fp.component = 'principal'
    ) as fl
    full outer join carried as cr
        on cr.fiscal_year = fl.fiscal_year and cr.tax_item_code = fl.tax_item_code and cr.levy_year = fl.levy_year
),

last_versions as (
    select
        sh.levy_year,
        sh.tax_item_code,
        max(sh.valid_from) as valid_from
    from {{ ref('int_apportionment_shares') }} as sh
    where {{ fiscal_year_of('sh.valid_from') }} <= sh.levy_year
    group by sh.levy_year, sh.tax_item_code
),

shares as (
    select
        sh.levy_year,
        sh.tax_item_code,
        sh.form_row,
        sh.body,
        sh.share_no,
        sh.numerator,
        sh.denominator
    from {{ ref('int_apportionment_shares') }} as sh
    inner join last_versions as lv
        on lv.levy_year = sh.levy_year and lv.tax_item_code = sh.tax_item_code and lv.valid_from = sh.valid_from
),

-- Without 按分 all of it is the city's, on the row of its tax item.
shared as (
    select
        pr.*,
        coalesce(sh.form_row, ti.form_row) as form_row,
        coalesce(sh.body, 'city') as body,
        coalesce(sh.share_no, 1) as share_no,
        coalesce(sh.numerator, 1) as numerator,
        coalesce(sh.denominator, 1) as denominator
    from principals as pr
    left join {{ ref('tax_items') }} as ti on ti.tax_item_code = pr.tax_item_code
    left join shares as sh on sh.levy_year = pr.levy_year and sh.tax_item_code = pr.tax_item_code
),
{% set measures = ['carried_in', 'added', 'written_off', 'refund_unpaid', 'outstanding'] %}
floored as (
    select
        sh.fiscal_year,
        sh.tax_item_code,
        sh.levy_year,
        sh.form_row,
        sh.body,
        sh.share_no,
        {%- for measure in measures %}
        sh.{{ measure }}_yen as whole_{{ measure }}_yen,
        {{ share_of('sh.' ~ measure ~ '_yen', 'sh.numerator', 'sh.denominator') }} as {{ measure }}_yen{{ ',' if not loop.last }}
        {%- endfor %}
    from shared as sh
),

-- The first row takes what the others leave of a yen.
split as (
    select
        fo.fiscal_year,
        fo.tax_item_code,
        fo.levy_year,
        fo.form_row,
        fo.body,
        {%- for measure in measures %}
        fo.{{ measure }}_yen + case
            when fo.share_no = 1 then fo.whole_{{ measure }}_yen - sum(fo.{{ measure }}_yen) over (
                partition by fo.fiscal_year, fo.tax_item_code, fo.levy_year
            )
            else 0
        end as {{ measure }}_yen{{ ',' if not loop.last }}
        {%- endfor %}
    from floored as fo
),

-- What is received of a row is what closes it: a row that was collected whole shows its 調定, and no yen stays open.
lines as (
    select
        sp.fiscal_year,
        sp.tax_item_code,
        sp.form_row,
        sp.body,
        'principal' as component,
        case when sp.levy_year < sp.fiscal_year then 'carried_over' else 'current' end as arrears_class,
        {{ sum_yen('sp.carried_in_yen') }} as carried_in_yen,
        {{ sum_yen('sp.carried_in_yen + sp.added_yen') }} as assessed_yen,
        {{ sum_yen(
            'sp.carried_in_yen + sp.added_yen - sp.written_off_yen + sp.refund_unpaid_yen - sp.outstanding_yen'
        ) }} as received_yen,
        {{ sum_yen('sp.refund_unpaid_yen') }} as refund_unpaid_yen,
        {{ sum_yen('sp.written_off_yen') }} as written_off_yen,
        {{ sum_yen('sp.outstanding_yen') }} as outstanding_yen
    from split as sp
    group by
        sp.fiscal_year, sp.tax_item_code, sp.form_row, sp.body,
        case when sp.levy_year < sp.fiscal_year then 'carried_over' else 'current' end
    union all
    select
        fl.fiscal_year,
        fl.tax_item_code,
        ti.form_row,
        'city' as body,
        fl.component,
        case when fl.levy_year < fl.fiscal_year then 'carried_over' else 'current' end as arrears_class,
        cast(0 as bigint) as carried_in_yen,
        {{ sum_yen('fl.received_yen') }} as assessed_yen,
        {{ sum_yen('fl.received_yen') }} as received_yen,
        cast(0 as bigint) as refund_unpaid_yen,
        cast(0 as bigint) as written_off_yen,
        cast(0 as bigint) as outstanding_yen
    from flows as fl
    left join {{ ref('tax_items') }} as ti on ti.tax_item_code = fl.tax_item_code
    where fl.component <> 'principal' and fl.received_yen <> 0
    group by
        fl.fiscal_year, fl.tax_item_code, ti.form_row, fl.component,
        case when fl.levy_year < fl.fiscal_year then 'carried_over' else 'current' end
)

select
    ln.fiscal_year,
    ln.tax_item_code,
    ln.form_row,
    ln.body,
    ln.component,
    ln.arrears_class,
    ln.carried_in_yen,
    ln.assessed_yen,
    ln.received_yen,
    ln.refund_unpaid_yen,
    ln.written_off_yen,
    ln.outstanding_yen,
    {{ rate_of('ln.received_yen', 'ln.assessed_yen') }} as collection_rate,
    {{ rate_of('(ln.received_yen - ln.refund_unpaid_yen)', 'ln.assessed_yen') }} as collection_rate_net,
    {{ as_of_date() }} as as_of_date
from lines as ln

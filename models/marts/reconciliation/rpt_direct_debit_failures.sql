-- One row per direct debit that the bank could not make.
-- Direct debits that were not made, with the day of the second attempt for those that found too little money.
{% set again = variable('second_attempt') -%}
with failures as (
    select
        fl.*,
        du.due_no
    from {{ ref('stg_direct_debit_failures') }} as fl
    left join {{ ref('int_dues') }} as du
        on {{ customer_no_names('fl.customer_no', 'du') }}
),

-- A number that two dues share names neither.
named as (
    select
        fl.load_id,
        fl.source_line,
        case when count(fl.due_no) = 1 then min(fl.due_no) end as due_no
    from failures as fl
    group by fl.load_id, fl.source_line
),

debit_dates as (
    select
        fl.debit_date,
        {{ add_days(add_months(add_days('fl.debit_date', '1 - extract(day from fl.debit_date)'), again.months), again.day - 1) }}
            as again_date
    from {{ ref('stg_direct_debit_failures') }} as fl
    group by fl.debit_date
),

days_on as (
    {%- for days in range(15) %}
    select {{ days }} as days
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

attempts as (
    select
        dd.debit_date,
        min({{ add_days('dd.again_date', 'dy.days') }}) as again_date
    from debit_dates as dd
    cross join days_on as dy
    left join {{ ref('law_holidays') }} as hd on hd.holiday_date = {{ add_days('dd.again_date', 'dy.days') }}
    where hd.holiday_date is null
    group by dd.debit_date
),

numbered as (
    select
        fl.load_id,
        fl.source_line,
        fl.debit_date,
        nm.due_no,
        fl.customer_no,
        fl.result_code,
        fl.amount_yen,
        row_number() over (
            partition by coalesce(cast(nm.due_no as {{ dbt.type_string() }}), fl.customer_no)
            order by fl.debit_date, fl.load_id, fl.source_line
        ) as attempt_no
    from {{ ref('stg_direct_debit_failures') }} as fl
    inner join named as nm on nm.load_id = fl.load_id and nm.source_line = fl.source_line
)

select
    nb.load_id,
    nb.source_line,
    nb.debit_date,
    nb.customer_no,
    du.due_key,
    du.tax_item_code,
    du.addressee_no,
    cast(nb.amount_yen as bigint) as amount_yen,
    nb.result_code,
    rs.result,
    cast(nb.attempt_no as bigint) as attempt_no,
    case
        when nb.result_code = '1' and nb.attempt_no = 1 and du.principal_balance_yen > 0 then am.again_date
    end as next_attempt_date,
    coalesce(du.principal_balance_yen = 0, false) as is_paid,
    case when du.principal_balance_yen = 0 then du.last_received_date end as paid_date
from numbered as nb
inner join {{ ref('debit_results') }} as rs on rs.result_code = nb.result_code
inner join attempts as am on am.debit_date = nb.debit_date
left join {{ ref('fct_dues') }} as du on du.due_no = nb.due_no

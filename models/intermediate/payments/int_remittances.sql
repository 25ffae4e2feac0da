-- One row per bulk credit that a channel owed, and per credit of a channel that nobody expected.
-- Tier 0: a bulk credit on the city's account that a channel owed is not a receipt; its records are. Without this the
-- same cash would count twice.
{% set rules = variable('remittances') %}
with rules as (
    {%- for rule in rules %}
    select
        {{ loop.index }} as rule_no,
        '{{ rule.source }}' as source_code,
        '{{ rule.channel_code }}' as channel_code,
        {{ "'" ~ rule.payer_code ~ "'" if rule.payer_code else 'cast(null as ' ~ dbt.type_string() ~ ')' }} as payer_code,
        {{ 1 if rule.payer_is_group else 0 }} as payer_is_group,
        {{ rule.fee_per_record_yen }} as fee_per_record_yen,
        {{ rule.window_days }} as window_days
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- else %}
    select
        0 as rule_no,
        cast(null as {{ dbt.type_string() }}) as source_code,
        cast(null as {{ dbt.type_string() }}) as channel_code,
        cast(null as {{ dbt.type_string() }}) as payer_code,
        0 as payer_is_group,
        0 as fee_per_record_yen,
        0 as window_days
    where 1 = 0
    {%- endfor %}
),

payments as (
    select * from {{ ref('int_payments') }}
),

ruled as (
    select
        ru.rule_no,
        case when ru.payer_is_group = 1 then pm.remittance_group else ru.payer_code end as payer_code,
        pm.remittance_date,
        pm.amount_yen
    from payments as pm
    inner join rules as ru on ru.source_code = pm.source_code and ru.channel_code = pm.channel_code
    where pm.record_status = 'final' and pm.remittance_date is not null and pm.remittance_date <= {{ as_of_date() }}
),

expected as (
    select
        rl.rule_no,
        rl.payer_code,
        rl.remittance_date,
        count(*) as expected_count,
        {{ sum_yen('rl.amount_yen') }} as expected_yen
    from ruled as rl
    group by rl.rule_no, rl.payer_code, rl.remittance_date
),

due_credits as (
    select
        ex.rule_no,
        ex.remittance_date,
        ex.expected_count,
        ex.expected_yen,
        cast(ex.expected_count * ru.fee_per_record_yen as bigint) as fee_yen,
        cast(ex.expected_yen - ex.expected_count * ru.fee_per_record_yen as bigint) as net_yen,
        ex.payer_code,
        ru.channel_code,
        ru.window_days,
        row_number() over (order by ex.rule_no, ex.remittance_date, ex.payer_code) as due_credit_no
    from expected as ex
    inner join rules as ru on ru.rule_no = ex.rule_no
),

credits as (
    select
        pm.load_id,
        pm.source_line,
        pm.load_rank,
        pm.posted_date,
        pm.amount_yen,
        pm.remittance_group as payer_code
    from payments as pm
    where pm.source_code = 'deposit' and pm.record_status = 'final' and pm.entry_type = 'payment'
),

-- First the credits that are exactly what was owed, nearest day first; each credit and each remittance once.
exact as (
    select
        dc.due_credit_no,
        cr.load_id,
        cr.source_line,
        row_number() over (
            partition by dc.due_credit_no
            order by cr.posted_date, cr.load_rank, cr.source_line
        ) as choice_of_remittance,
        row_number() over (
            partition by cr.load_id, cr.source_line
            order by dc.remittance_date desc, dc.due_credit_no
        ) as choice_of_credit
    from due_credits as dc
    inner join credits as cr
        on cr.amount_yen = dc.net_yen
        and (dc.payer_code is null or dc.payer_code = cr.payer_code)
        and cr.posted_date >= dc.remittance_date
        and {{ days_between('dc.remittance_date', 'cr.posted_date') }} <= dc.window_days
),

matched as (
    select
        ex.due_credit_no,
        ex.load_id,
        ex.source_line
    from exact as ex
    where ex.choice_of_remittance = 1 and ex.choice_of_credit = 1
),

-- Then what a channel's payer sent on the day although the amount differs: the difference is for a person to settle.
differing as (
    select
        dc.due_credit_no,
        cr.load_id,
        cr.source_line,
        row_number() over (
            partition by dc.due_credit_no
            order by cr.posted_date, cr.load_rank, cr.source_line
        ) as choice_of_remittance,
        row_number() over (
            partition by cr.load_id, cr.source_line
            order by dc.remittance_date desc, dc.due_credit_no
        ) as choice_of_credit
    from due_credits as dc
    left join matched as me on me.due_credit_no = dc.due_credit_no
    inner join credits as cr
        on cr.payer_code = dc.payer_code
        and cr.posted_date >= dc.remittance_date
        and {{ days_between('dc.remittance_date', 'cr.posted_date') }} <= dc.window_days
    left join matched as mc on mc.load_id = cr.load_id and mc.source_line = cr.source_line
    where me.due_credit_no is null and mc.load_id is null
),

paired as (
    select
        ma.due_credit_no,
        ma.load_id,
        ma.source_line
    from matched as ma
    union all
    select
        df.due_credit_no,
        df.load_id,
        df.source_line
    from differing as df
    where df.choice_of_remittance = 1 and df.choice_of_credit = 1
),

settled as (
    select
        dc.rule_no,
        dc.channel_code,
        dc.remittance_date,
        dc.expected_count,
        dc.expected_yen,
        dc.fee_yen,
        cr.amount_yen as credited_yen,
        cr.posted_date as credited_date,
        cr.load_id as credit_load_id,
        cr.source_line as credit_source_line,
        case
            when cr.load_id is null and {{ days_between('dc.remittance_date', as_of_date()) }} <= dc.window_days
                then 'pending'
            when cr.load_id is null then 'missing'
            when cr.amount_yen = dc.net_yen then 'matched'
            else 'different'
        end as state
    from due_credits as dc
    left join paired as pa on pa.due_credit_no = dc.due_credit_no
    left join credits as cr on cr.load_id = pa.load_id and cr.source_line = pa.source_line
),

payers as (
    select
        dc.payer_code,
        min(dc.rule_no) as rule_no,
        min(dc.channel_code) as channel_code
    from due_credits as dc
    where dc.payer_code is not null
    group by dc.payer_code
),

unexpected as (
    select
        py.rule_no,
        py.channel_code,
        cr.posted_date as remittance_date,
        cast(0 as bigint) as expected_count,
        cast(0 as bigint) as expected_yen,
        cast(0 as bigint) as fee_yen,
        cr.amount_yen as credited_yen,
        cr.posted_date as credited_date,
        cr.load_id as credit_load_id,
        cr.source_line as credit_source_line,
        'unexpected' as state
    from credits as cr
    inner join payers as py on py.payer_code = cr.payer_code
    left join paired as pa on pa.load_id = cr.load_id and pa.source_line = cr.source_line
    where pa.load_id is null
)

select * from settled
union all
select * from unexpected

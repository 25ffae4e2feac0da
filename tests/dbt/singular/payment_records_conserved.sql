-- Nothing that landed is lost or counted twice, whatever its fate: every payment record of landing stands exactly once,
-- with its amount, in fct_receipts or as the bulk credit of a channel, or it is kept out for a reason (not posted yet,
-- money out, a debit that was not made, a notice beside its statement); so does every 収納履歴 row of money (収納区分 1, 6, 7)
-- before go-live. Counted from landing, without the staging models (収納履歴 is held against landing by keeps_every_row).
-- A failure: records vanish on the way to the books, or are doubled by a join. Who looks: the developer on duty.
-- One row per file whose counts or sums differ, with its first record that is in no book.
{#- Each is read twice. As a named step it would be written out whole; as text each reading takes what it needs. -#}
{%- set landed %}
    select
        lp.load_id,
        lp.source_line,
        lp.amount_yen
    from (
        {{ landed_payments() | indent(8) }}
    ) as lp
    inner join {{ ref('stg_loads') }} as ld on ld.load_id = lp.load_id
    where lp.kept_out is null
{%- endset %}
{%- set booked %}
    select
        rc.load_id,
        rc.source_line,
        case when ld.landing_table = 'receipts' then 0 else rc.amount_yen end as amount_yen
    from {{ ref('fct_receipts') }} as rc
    inner join {{ ref('stg_loads') }} as ld on ld.load_id = rc.load_id
    union all
    select
        rm.credit_load_id as load_id,
        rm.credit_source_line as source_line,
        rm.credited_yen as amount_yen
    from {{ ref('fct_remittances') }} as rm
    where rm.credit_load_id is not null
{%- endset %}
with counted as (
    select
        ld.load_id,
        count(*) as delivered_count,
        0 as kept_count,
        {{ sum_yen('ld.amount_yen') }} as delivered_yen,
        cast(0 as bigint) as kept_yen
    from (
{{ landed }}
    ) as ld
    group by ld.load_id
    union all
    select
        hs.load_id,
        count(*) as delivered_count,
        0 as kept_count,
        cast(0 as bigint) as delivered_yen,
        cast(0 as bigint) as kept_yen
    from {{ ref('stg_receipt_history') }} as hs
    where
        hs.receipt_type_code in ('1', '6', '7')
        and hs.received_date < {{ go_live('hs.channel_code') }}
        and (hs.receipt_type_code = '6' or hs.principal_yen + hs.reminder_fee_yen + hs.late_charge_yen <> 0)
    group by hs.load_id
    union all
    select
        bk.load_id,
        0 as delivered_count,
        count(*) as kept_count,
        cast(0 as bigint) as delivered_yen,
        {{ sum_yen('bk.amount_yen') }} as kept_yen
    from (
{{ booked }}
    ) as bk
    group by bk.load_id
),

differing as (
    select
        ct.load_id,
        sum(ct.delivered_count) as delivered_count,
        sum(ct.kept_count) as kept_count,
        {{ sum_yen('ct.delivered_yen') }} as delivered_yen,
        {{ sum_yen('ct.kept_yen') }} as kept_yen
    from counted as ct
    group by ct.load_id
    having sum(ct.delivered_count) <> sum(ct.kept_count) or sum(ct.delivered_yen) <> sum(ct.kept_yen)
),

lost as (  -- looked for in those files alone
    select
        ld.load_id,
        min(ld.source_line) as first_lost_line
    from (
{{ landed }}
    ) as ld
    inner join differing as df on df.load_id = ld.load_id
    left join (
{{ booked }}
    ) as bk on bk.load_id = ld.load_id and bk.source_line = ld.source_line
    where bk.load_id is null
    group by ld.load_id
)

select
    fl.source_file,
    ls.first_lost_line,
    df.delivered_count,
    df.kept_count,
    df.delivered_yen,
    df.kept_yen
from differing as df
inner join {{ ref('stg_loads') }} as fl on fl.load_id = df.load_id
left join lost as ls on ls.load_id = df.load_id

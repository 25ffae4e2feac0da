-- Nothing that arrives is lost or counted twice, whatever its fate: every payment record of staging stands exactly once in
-- fct_receipts or is the bulk credit of a channel; so does every 収納履歴 row of money (収納区分 1, 6, 7) before go-live.
-- A failure: records vanish between staging and the books, or are doubled by a join. Who looks: the developer on duty.
-- One row per file whose counts differ.
{%- set sources = [
    'stg_paid_slips', 'stg_eltax_receipts', 'stg_mpn_receipts', 'stg_convenience_receipts',
    'stg_direct_debit_results', 'stg_bank_statement_entries'
] %}
with counted as (
    {%- for model in sources %}
    select
        sr.load_id,
        count(*) as delivered_count,
        0 as kept_count
    from {{ ref(model) }} as sr
    inner join {{ ref('stg_loads') }} as ld on ld.load_id = sr.load_id
    group by sr.load_id
    union all
    {%- endfor %}
    select
        hs.load_id,
        count(*) as delivered_count,
        0 as kept_count
    from {{ ref('stg_receipt_history') }} as hs
    where
        hs.receipt_type_code in ('1', '6', '7')
        and hs.received_date < {{ go_live('hs.channel_code') }}
        and (hs.receipt_type_code = '6' or hs.principal_yen + hs.reminder_fee_yen + hs.late_charge_yen <> 0)
    group by hs.load_id
    union all
    select
        rc.load_id,
        0 as delivered_count,
        count(*) as kept_count
    from {{ ref('fct_receipts') }} as rc
    group by rc.load_id
    union all
    select
        rm.credit_load_id as load_id,
        0 as delivered_count,
        count(*) as kept_count
    from {{ ref('fct_remittances') }} as rm
    where rm.credit_load_id is not null
    group by rm.credit_load_id
)

select
    ct.load_id,
    sum(ct.delivered_count) as delivered_count,
    sum(ct.kept_count) as kept_count
from counted as ct
group by ct.load_id
having sum(ct.delivered_count) <> sum(ct.kept_count)

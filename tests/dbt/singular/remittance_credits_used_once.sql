-- Invariant 1 (DESIGN §3), tier 0: the bulk credit of a channel settles one remittance and is no receipt; its records are.
-- A failure: the same cash is counted as the channel's records and again as a deposit, or settles two remittances. Who
-- looks: the developer on duty, with the officer who balances the account. One row per credit.
with credits as (
    select
        rm.credit_load_id,
        rm.credit_source_line,
        count(*) as remittance_count
    from {{ ref('fct_remittances') }} as rm
    where rm.credit_load_id is not null
    group by rm.credit_load_id, rm.credit_source_line
)

select
    cr.credit_load_id,
    cr.credit_source_line,
    cr.remittance_count,
    rc.receipt_id
from credits as cr
left join {{ ref('fct_receipts') }} as rc on rc.load_id = cr.credit_load_id and rc.source_line = cr.credit_source_line
left join {{ ref('stg_bank_statement_entries') }} as be
    on be.load_id = cr.credit_load_id and be.source_line = cr.credit_source_line
where cr.remittance_count > 1 or rc.receipt_id is not null or be.load_id is null

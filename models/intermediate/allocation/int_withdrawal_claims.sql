-- One row per refund, offset out and reallocation out, paid or promised, as asked.
-- What is to leave a due, with what it brings to another: refunds, offsets and reallocations as 収納履歴 records them
-- (収納区分 2, 3, 5) or as staff decided them. Amounts are positive.
--   entry_kind notified: the payer has been told of a refund that is not paid yet. No money has moved, but no later
--   increase takes it up again (DESIGN §3, invariant 2).
--   taken_date: the money came from the last receipts up to this day.
--   asked_yen: as recorded, decided or told, without the interest of a refund. What of it is there: int_withdrawals.
--   interest_fiscal_year: 還付加算金 is expenditure of the year in which it was decided (自治令143条, to be confirmed).
with recorded as (
    select
        hs.load_id,
        hs.source_line,
        hs.load_rank,
        hs.due_no,
        case when hs.receipt_type_code <> '2' then hs.offset_due_no end as offset_due_no,
        case hs.receipt_type_code when '2' then 'refund' when '3' then 'offset' else 'reallocation' end as entry_kind,
        'history' as origin,
        cast(null as {{ dbt.type_string() }}) as decision_no,
        cast(null as {{ dbt.type_string() }}) as line_no,
        cast(null as {{ dbt.type_string() }}) as overpayment_notice_no,
        hs.channel_code,
        hs.branch_code,
        hs.received_date,
        hs.posted_date,
        hs.posted_date as taken_date,
        case
            when hs.receipt_type_code = '2' then - hs.principal_yen
            else hs.principal_to_principal_yen + hs.principal_to_reminder_fee_yen + hs.principal_to_late_charge_yen
        end as principal_yen,
        case
            when hs.receipt_type_code = '2' then - hs.reminder_fee_yen
            else
                hs.reminder_fee_to_principal_yen + hs.reminder_fee_to_reminder_fee_yen
                + hs.reminder_fee_to_late_charge_yen
        end as reminder_fee_yen,
        case
            when hs.receipt_type_code = '2' then - hs.late_charge_yen
            else
                hs.late_charge_to_principal_yen + hs.late_charge_to_reminder_fee_yen + hs.late_charge_to_late_charge_yen
        end as late_charge_yen,
        case when hs.receipt_type_code = '2' then abs(hs.refund_interest_yen) else 0 end as refund_interest_yen,
        hs.principal_to_principal_yen + hs.reminder_fee_to_principal_yen + hs.late_charge_to_principal_yen
            as to_principal_yen,
        hs.principal_to_reminder_fee_yen + hs.reminder_fee_to_reminder_fee_yen + hs.late_charge_to_reminder_fee_yen
            as to_reminder_fee_yen,
        hs.principal_to_late_charge_yen + hs.reminder_fee_to_late_charge_yen + hs.late_charge_to_late_charge_yen
            as to_late_charge_yen,
        hs.budget_side,
        cast(hs.fiscal_year as bigint) as fiscal_year,
        cast(hs.fiscal_year as bigint) as to_fiscal_year,
        cast(hs.fiscal_year as bigint) as interest_fiscal_year,
        cast(case
            when hs.receipt_type_code = '2' then - (hs.principal_yen + hs.reminder_fee_yen + hs.late_charge_yen)
            else {{ nine_amounts('hs') }}
        end as bigint) as asked_yen
    from {{ ref('stg_receipt_history') }} as hs
    left join {{ ref('int_history_corrections') }} as co on co.load_id = hs.load_id and co.source_line = hs.source_line
    where
        hs.receipt_type_code in ('2', '3', '5')
        and co.load_id is null  -- not taken back
),

-- 充当 (2) counts from its 充当適状日 and stands in the books on the day of its approval; 組替 (3) counts from the first 領収日.
decided as (
    select
        dc.load_id,
        dc.source_line,
        dc.load_rank,
        dc.due_no,
        dc.offset_due_no,
        case dc.decision_type_code when '2' then 'offset' else 'reallocation' end as entry_kind,
        'decision' as origin,
        dc.decision_no,
        dc.line_no,
        cast(null as {{ dbt.type_string() }}) as overpayment_notice_no,
        '90' as channel_code,  -- 決裁
        cast(null as {{ dbt.type_string() }}) as branch_code,
        dc.value_date as received_date,
        dc.approved_date as posted_date,
        dc.approved_date as taken_date,
        case when dc.from_component_code = '1' then dc.amount_yen else 0 end as principal_yen,
        case when dc.from_component_code = '2' then dc.amount_yen else 0 end as reminder_fee_yen,
        case when dc.from_component_code = '3' then dc.amount_yen else 0 end as late_charge_yen,
        case when dc.from_component_code = '4' then dc.amount_yen else 0 end as refund_interest_yen,
        case when dc.to_component_code = '1' then dc.amount_yen else 0 end as to_principal_yen,
        case when dc.to_component_code = '2' then dc.amount_yen else 0 end as to_reminder_fee_yen,
        case when dc.to_component_code = '3' then dc.amount_yen else 0 end as to_late_charge_yen,
        {{ budget_side('dc.fiscal_year', 'dc.approved_date') }} as budget_side,
        cast({{ fiscal_year_of_repayment('dc.fiscal_year', 'dc.approved_date') }} as bigint) as fiscal_year,
        cast({{ fiscal_year_of_receipt('dc.offset_fiscal_year', 'dc.approved_date') }} as bigint) as to_fiscal_year,
        cast({{ fiscal_year_of('dc.approved_date') }} as bigint) as interest_fiscal_year,
        dc.amount_yen as asked_yen
    from {{ ref('stg_decisions') }} as dc
    where dc.decision_type_code in ('2', '3')
),

notified as (
    select
        nt.load_id,
        nt.source_line,
        nt.load_rank,
        nt.due_no,
        cast(null as bigint) as offset_due_no,
        case when nt.paid_date is null then 'notified' else 'refund' end as entry_kind,
        'notice' as origin,
        nt.decision_no,
        cast(null as {{ dbt.type_string() }}) as line_no,
        nt.overpayment_notice_no,
        '90' as channel_code,  -- 決裁
        cast(null as {{ dbt.type_string() }}) as branch_code,
        coalesce(nt.decided_date, nt.notified_date) as received_date,
        coalesce(nt.paid_date, nt.notified_date) as posted_date,
        nt.notified_date as taken_date,
        case when nt.component_code = '1' then nt.amount_yen else 0 end as principal_yen,
        case when nt.component_code = '2' then nt.amount_yen else 0 end as reminder_fee_yen,
        case when nt.component_code = '3' then nt.amount_yen else 0 end as late_charge_yen,
        nt.refund_interest_yen + case when nt.component_code = '4' then nt.amount_yen else 0 end as refund_interest_yen,
        cast(0 as bigint) as to_principal_yen,
        cast(0 as bigint) as to_reminder_fee_yen,
        cast(0 as bigint) as to_late_charge_yen,
        {{ budget_side('nt.fiscal_year', 'coalesce(nt.paid_date, nt.notified_date)') }} as budget_side,
        cast({{ fiscal_year_of_repayment('nt.fiscal_year', 'coalesce(nt.paid_date, nt.notified_date)') }} as bigint)
            as fiscal_year,
        cast(null as bigint) as to_fiscal_year,
        cast({{ fiscal_year_of('coalesce(nt.decided_date, nt.notified_date)') }} as bigint) as interest_fiscal_year,
        nt.amount_yen as asked_yen
    from {{ ref('stg_overpayment_notices') }} as nt
)

select * from recorded
union all
select * from decided
union all
select * from notified

-- One row per due that has receipts.
-- The principal of each due after all receipts, and what its records say of fee and late charge.
with received as (
    select
        pa.due_no,
        {{ sum_yen("case when pa.entry_kind = 'write_off' then 0 else pa.principal_yen end") }} as principal_received_yen,
        {{ sum_yen("case when pa.entry_kind = 'write_off' then pa.principal_yen else 0 end") }} as written_off_yen,
        {{ sum_yen('pa.split_reminder_fee_yen') }} as split_reminder_fee_yen,
        {{ sum_yen('pa.split_late_charge_yen') }} as split_late_charge_yen,
        {{ sum_yen('case when pa.is_split = 0 then pa.offered_yen - pa.principal_yen else 0 end') }} as unsplit_rest_yen,
        {{ sum_yen("case
            when pa.entry_kind = 'write_off' then 0 when pa.is_split = 1 then pa.offered_yen - pa.principal_yen else 0
        end") }} as split_rest_yen,
        max(case when pa.entry_kind = 'write_off' then null else pa.received_date end) as last_received_date,
        max(case
            when pa.entry_kind = 'write_off' then null when pa.principal_yen > 0 then pa.received_date
        end) as last_principal_date,
        max(case when pa.is_honoured = 1 then pa.received_date end) as honoured_date
    from {{ ref('int_principal_allocations') }} as pa
    where pa.is_due_unknown = 0
    group by pa.due_no
),

withdrawn as (
    select
        wd.due_no,
        {{ sum_yen("case when wd.entry_kind = 'reallocation' then wd.principal_yen else 0 end") }} as moved_principal_yen,
        {{ sum_yen('wd.principal_yen') }} as withdrawn_principal_yen,
        {{ sum_yen('wd.reminder_fee_yen') }} as withdrawn_reminder_fee_yen,
        {{ sum_yen('wd.late_charge_yen') }} as withdrawn_late_charge_yen
    from {{ ref('int_withdrawals') }} as wd
    group by wd.due_no
)

select
    rc.due_no,
    rc.principal_received_yen - coalesce(wd.moved_principal_yen, 0) as principal_paid_yen,
    rc.written_off_yen,
    rc.split_reminder_fee_yen - coalesce(wd.withdrawn_reminder_fee_yen, 0) as split_reminder_fee_yen,
    rc.split_late_charge_yen - coalesce(wd.withdrawn_late_charge_yen, 0) as split_late_charge_yen,
    rc.unsplit_rest_yen,
    rc.split_rest_yen,
    coalesce(wd.withdrawn_principal_yen, 0) - coalesce(wd.moved_principal_yen, 0) as paid_back_principal_yen,
    rc.last_received_date,
    rc.last_principal_date,
    rc.honoured_date
from received as rc
left join withdrawn as wd on wd.due_no = rc.due_no

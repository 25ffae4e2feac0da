-- One row per due: one instalment of one assessment.
with provisional as (
    select
        np.due_no,
        {{ sum_yen('np.offered_yen + np.split_reminder_fee_yen + np.split_late_charge_yen') }} as provisional_paid_yen
    from {{ ref('int_file_portions') }} as np
    where np.record_status = 'provisional'
    group by np.due_no
),

-- Fees, late charges and overpayments touch few dues: they are summed there only.
charge_portions as (
    select
        al.due_no,
        al.reminder_fee_yen,
        al.late_charge_yen,
        al.overpaid_principal_yen + al.overpaid_reminder_fee_yen + al.overpaid_late_charge_yen as overpaid_yen
    from {{ ref('int_allocations') }} as al
    where
        al.due_no is not null
        and al.reminder_fee_yen + al.late_charge_yen + al.overpaid_principal_yen + al.overpaid_reminder_fee_yen
        + al.overpaid_late_charge_yen <> 0
    union all
    select
        wd.due_no,
        case when wd.entry_kind = 'reallocation' then - wd.reminder_fee_yen else 0 end as reminder_fee_yen,
        case when wd.entry_kind = 'reallocation' then - wd.late_charge_yen else 0 end as late_charge_yen,
        case
            when wd.entry_kind = 'reallocation' then 0
            else - (wd.principal_yen + wd.reminder_fee_yen + wd.late_charge_yen)
        end as overpaid_yen
    from {{ ref('int_withdrawals') }} as wd
    where wd.entry_kind <> 'notified'
),

charges_paid as (
    select
        cp.due_no,
        {{ sum_yen('cp.reminder_fee_yen') }} as reminder_fee_paid_yen,
        {{ sum_yen('cp.late_charge_yen') }} as late_charge_paid_yen,
        {{ sum_yen('cp.overpaid_yen') }} as overpaid_yen
    from charge_portions as cp
    group by cp.due_no
),

write_offs as (
    select
        wo.due_no,
        {{ sum_yen('wo.reminder_fee_yen') }} as reminder_fee_yen,
        {{ sum_yen('wo.late_charge_yen') }} as late_charge_yen
    from {{ ref('int_write_offs') }} as wo
    group by wo.due_no
),

joined as (
    select
        du.*,
        coalesce(ba.principal_paid_yen, 0) as principal_paid_yen,
        coalesce(ba.written_off_yen, 0) as written_off_yen,
        case when wo.due_no is null then 0 else 1 end as has_write_off,
        coalesce(wo.reminder_fee_yen, 0) as reminder_fee_written_off_yen,
        coalesce(wo.late_charge_yen, 0) as late_charge_written_off_yen,
        coalesce(pv.provisional_paid_yen, 0) as provisional_paid_yen,
        coalesce(ch.reminder_fee_yen, 0) as reminder_fee_yen,
        coalesce(cp.reminder_fee_paid_yen, 0) as reminder_fee_paid_yen,
        case when ch.due_no is null then 0 else ch.late_charge_yen end as late_charge_yen,
        coalesce(cp.late_charge_paid_yen, 0) as late_charge_paid_yen,
        coalesce(cp.overpaid_yen, 0) as overpaid_yen,
        ba.last_received_date
    from {{ ref('int_dues') }} as du
    left join {{ ref('int_due_balances') }} as ba on ba.due_no = du.due_no
    left join {{ ref('int_charges') }} as ch on ch.due_no = du.due_no
    left join charges_paid as cp on cp.due_no = du.due_no
    left join provisional as pv on pv.due_no = du.due_no
    left join write_offs as wo on wo.due_no = du.due_no
),

balanced as (
    select
        jn.*,
        jn.assessed_yen - jn.principal_paid_yen - jn.written_off_yen as principal_balance_yen,
        -- A write-off of all that was left settles fee and late charge at what was paid and what it names.
        case
            when jn.has_write_off = 1 and jn.assessed_yen = jn.principal_paid_yen + jn.written_off_yen
                then jn.reminder_fee_paid_yen + jn.reminder_fee_written_off_yen
            else greatest(jn.reminder_fee_yen, jn.reminder_fee_paid_yen + jn.reminder_fee_written_off_yen)
        end as reminder_fee_owed_yen,
        case
            when jn.has_write_off = 1 and jn.assessed_yen = jn.principal_paid_yen + jn.written_off_yen
                then jn.late_charge_paid_yen + jn.late_charge_written_off_yen
            else greatest(jn.late_charge_yen, jn.late_charge_paid_yen + jn.late_charge_written_off_yen)
        end as late_charge_owed_yen
    from joined as jn
)

select
    concat_ws('-', ds.series_key, bl.notice_no, bl.instalment_no) as due_key,
    {%- for part in due_series_parts() %}
    ds.{{ part }},
    {%- endfor %}
    bl.notice_no,
    bl.instalment_no,
    bl.addressee_no,
    bl.statutory_due_date,
    bl.due_date,
    bl.first_assessed_date,
    cast(bl.assessed_yen as bigint) as assessed_yen,
    cast(bl.principal_paid_yen as bigint) as principal_paid_yen,
    cast(bl.provisional_paid_yen as bigint) as provisional_paid_yen,
    cast(bl.written_off_yen as bigint) as written_off_yen,
    cast(bl.principal_balance_yen as bigint) as principal_balance_yen,
    cast(bl.reminder_fee_owed_yen as bigint) as reminder_fee_yen,
    cast(bl.reminder_fee_paid_yen as bigint) as reminder_fee_paid_yen,
    cast(bl.reminder_fee_written_off_yen as bigint) as reminder_fee_written_off_yen,
    cast(bl.late_charge_owed_yen as bigint) as late_charge_yen,
    cast(case when bl.principal_balance_yen <= 0 then bl.late_charge_owed_yen else 0 end as bigint)
        as late_charge_fixed_yen,
    cast(bl.late_charge_paid_yen as bigint) as late_charge_paid_yen,
    cast(bl.late_charge_written_off_yen as bigint) as late_charge_written_off_yen,
    cast(bl.late_charge_owed_yen - bl.late_charge_paid_yen - bl.late_charge_written_off_yen as bigint)
        as late_charge_balance_yen,
    cast(bl.overpaid_yen as bigint) as overpaid_yen,
    cast(bl.fiscal_year as bigint) as fiscal_year,
    bl.fiscal_year < {{ open_fiscal_year(as_of_date()) }} as is_carried_over,
    bl.last_received_date,
    case
        when bl.is_cancelled = 1 then 'cancelled'
        when bl.principal_balance_yen > 0 and bl.due_date < {{ as_of_date() }} then 'delinquent'
        when bl.principal_balance_yen > 0 then 'open'
        when bl.written_off_yen + bl.reminder_fee_written_off_yen + bl.late_charge_written_off_yen > 0
            then 'written_off'
        when bl.reminder_fee_owed_yen > bl.reminder_fee_paid_yen or bl.late_charge_owed_yen > bl.late_charge_paid_yen
            then 'principal_paid'
        else 'paid'
    end as state,
    {{ as_of_date() }} as as_of_date,
    bl.due_no
from balanced as bl
inner join {{ ref('stg_due_series') }} as ds on ds.series_no = bl.series_no

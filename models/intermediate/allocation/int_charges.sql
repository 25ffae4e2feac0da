-- One row per due that has a reminder fee or a late charge.
-- 督促手数料 and 延滞金: what is owed of them as of the build's date. The late charge is reckoned
-- from the principal as paid, on the tax after reductions (LAW §1.2). It is fixed when the principal is paid; a slip
-- honoured as printed fixes both at the printed amounts.
with reminders as (
    select
        rm.due_no,
        min(rm.sent_date) as sent_date,
        max(rm.reminder_fee_yen) as reminder_fee_yen
    from {{ ref('stg_reminders') }} as rm
    group by rm.due_no
),

-- Only a due that was unpaid after its date can have a late charge.
late_dues as (
    select
        du.due_no,
        du.assessed_yen as principal_yen,
        du.due_date,
        du.low_rate_months,
        du.rate_family,
        {{ as_of_date() }} as accrue_to
    from {{ ref('int_dues') }} as du
    left join {{ ref('int_due_balances') }} as ba on ba.due_no = du.due_no
    where
        du.due_date < {{ as_of_date() }}
        and (
            du.assessed_yen > coalesce(ba.principal_paid_yen, 0)
            or ba.last_principal_date > du.due_date
        )
),

principal_payments as (
    {{ principal_payments('late_dues') }}
),

accrued as (
    {{ late_charge_by_due('late_dues', 'principal_payments') | indent(4) }}
),

keys as (
    select ac.due_no from accrued as ac
    union
    select rm.due_no from reminders as rm
    union
    select ba.due_no from {{ ref('int_due_balances') }} as ba
    where ba.split_reminder_fee_yen <> 0 or ba.split_late_charge_yen <> 0
),

joined as (
    select
        ky.due_no,
        rm.sent_date,
        coalesce(rm.reminder_fee_yen, 0) as reminder_fee_yen,
        case when ac.due_no is null then 0 else ac.late_charge_yen end as accrued_yen,
        coalesce(ba.split_reminder_fee_yen, 0) as split_reminder_fee_yen,
        coalesce(ba.split_late_charge_yen, 0) as split_late_charge_yen,
        case when du.assessed_yen <= coalesce(ba.principal_paid_yen, 0) then 1 else 0 end as is_principal_paid,
        case
            when ba.honoured_date is not null
                and ba.honoured_date >= ba.last_principal_date
                and du.assessed_yen <= ba.principal_paid_yen then 1
            else 0
        end as is_honoured
    from keys as ky
    inner join {{ ref('int_dues') }} as du on du.due_no = ky.due_no
    left join reminders as rm on rm.due_no = ky.due_no
    left join accrued as ac on ac.due_no = ky.due_no
    left join {{ ref('int_due_balances') }} as ba on ba.due_no = ky.due_no
)

select
    jn.due_no,
    jn.sent_date as reminder_sent_date,
    -- What was recorded as paid was owed, also where our own reckoning comes to less.
    case
        when jn.is_honoured = 1 then jn.split_reminder_fee_yen
        else greatest(jn.reminder_fee_yen, jn.split_reminder_fee_yen)
    end as reminder_fee_yen,
    case
        when jn.is_honoured = 1 then jn.split_late_charge_yen
        when jn.accrued_yen is null then cast(null as bigint)
        else greatest(jn.accrued_yen, jn.split_late_charge_yen)
    end as late_charge_yen,
    jn.accrued_yen as late_charge_accrued_yen,
    jn.is_principal_paid,
    jn.is_honoured,
    jn.split_reminder_fee_yen,
    jn.split_late_charge_yen
from joined as jn

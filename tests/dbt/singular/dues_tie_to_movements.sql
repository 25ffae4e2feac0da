-- Invariant 2 (DESIGN §3): every column of fct_dues that is a balance is the sum of that due's movements by the signs of
-- the seed movement_effects: assessed, principal balance, fee and late charge paid, overpaid, written off. One grouping of
-- numbers over both tables. Dues reduced below nothing are left out: the books
-- hold them at 0 (dues_reduced_below_nothing lists them).
-- A failure: fct_dues and the day-book tell two stories. Who looks: the developer on duty; `osame trace DUE_KEY`.
-- One row per due.
with entries as (
    select
        mv.due_no,
        case when mv.component = 'principal' then mv.amount_yen * ef.assessment else 0 end as assessed_yen,
        case when mv.component = 'principal' then mv.amount_yen * ef.due_balance else 0 end as principal_balance_yen,
        case when mv.component = 'reminder_fee' then - mv.amount_yen * ef.due_balance else 0 end
        - case when mv.component = 'reminder_fee' then mv.amount_yen * ef.write_off else 0 end as reminder_fee_paid_yen,
        case when mv.component = 'late_charge' then - mv.amount_yen * ef.due_balance else 0 end
        - case when mv.component = 'late_charge' then mv.amount_yen * ef.write_off else 0 end as late_charge_paid_yen,
        mv.amount_yen * ef.overpayment as overpaid_yen,
        mv.amount_yen * ef.write_off as written_off_yen
    from {{ ref('fct_movements') }} as mv
    inner join {{ ref('movement_effects') }} as ef
        on ef.movement_type = mv.movement_type
        and coalesce(ef.direction, '') = coalesce(mv.direction, '')
        and coalesce(ef.budget_side, '') = coalesce(mv.budget_side, '')
        and ef.component_class = case when mv.component = 'refund_interest' then 'refund_interest' else 'tax' end
    where mv.due_no is not null and not mv.is_provisional
    union all
    select
        du.due_no,
        - du.assessed_yen as assessed_yen,
        - du.principal_balance_yen as principal_balance_yen,
        - du.reminder_fee_paid_yen as reminder_fee_paid_yen,
        - du.late_charge_paid_yen as late_charge_paid_yen,
        - du.overpaid_yen as overpaid_yen,
        - (du.written_off_yen + du.reminder_fee_written_off_yen + du.late_charge_written_off_yen) as written_off_yen
    from {{ ref('fct_dues') }} as du
),

differing as (
    select
        en.due_no,
        {%- for column in ['assessed', 'principal_balance', 'reminder_fee_paid', 'late_charge_paid', 'overpaid', 'written_off'] %}
        {{ sum_yen('en.' ~ column ~ '_yen') }} as {{ column }}_difference_yen{{ ',' if not loop.last }}
        {%- endfor %}
    from entries as en
    group by en.due_no
    having
        sum(en.assessed_yen) <> 0
        or sum(en.principal_balance_yen) <> 0
        or sum(en.reminder_fee_paid_yen) <> 0
        or sum(en.late_charge_paid_yen) <> 0
        or sum(en.overpaid_yen) <> 0
        or sum(en.written_off_yen) <> 0
)

select df.*
from differing as df
left join {{ ref('int_dues') }} as du on du.due_no = df.due_no
where coalesce(du.delivered_assessed_yen, 0) >= 0

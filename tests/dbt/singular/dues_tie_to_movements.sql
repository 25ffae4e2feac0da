-- Invariant 2 (DESIGN §3): every column of fct_dues that is a balance is the sum of that due's movements by the signs of
-- the seed movement_effects: assessed, principal balance, fee and late charge paid, overpaid. Dues are grouped by a 64-bit
-- hash of due_key: one grouping of integers over both tables, no join. Dues reduced below nothing are left out: the books
-- hold them at 0 (dues_reduced_below_nothing lists them).
-- A failure: fct_dues and the day-book tell two stories. Who looks: the developer on duty; `osame trace DUE_KEY`.
-- One row per due.
with combinations as (
    select distinct
        mv.movement_type,
        coalesce(mv.direction, '') as direction,
        coalesce(mv.budget_side, '') as budget_side,
        mv.component
    from {{ ref('fct_movements') }} as mv
),

effects as (  -- the seed's blanks spelled out, so that the large join is on equality
    select
        cb.movement_type,
        cb.direction,
        cb.budget_side,
        cb.component,
        ef.due_balance,
        ef.overpayment,
        ef.assessment
    from combinations as cb
    inner join {{ ref('movement_effects') }} as ef
        on ef.movement_type = cb.movement_type
        and coalesce(ef.direction, '') = cb.direction
        and coalesce(ef.budget_side, '') = cb.budget_side
        and ef.component_class = case when cb.component = 'refund_interest' then 'refund_interest' else 'tax' end
),

below_nothing as (
    select du.due_key
    from {{ ref('int_dues') }} as du
    where du.delivered_assessed_yen < 0
),

entries as (
    select
        mv.due_key,
        case when mv.component = 'principal' then mv.amount_yen * ef.assessment else 0 end as assessed_yen,
        case when mv.component = 'principal' then mv.amount_yen * ef.due_balance else 0 end as principal_balance_yen,
        case when mv.component = 'reminder_fee' then - mv.amount_yen * ef.due_balance else 0 end as reminder_fee_paid_yen,
        case when mv.component = 'late_charge' then - mv.amount_yen * ef.due_balance else 0 end as late_charge_paid_yen,
        mv.amount_yen * ef.overpayment as overpaid_yen
    from {{ ref('fct_movements') }} as mv
    inner join effects as ef
        on ef.movement_type = mv.movement_type
        and ef.direction = coalesce(mv.direction, '')
        and ef.budget_side = coalesce(mv.budget_side, '')
        and ef.component = mv.component
    where mv.due_key is not null and not mv.is_provisional
    union all
    select
        du.due_key,
        - du.assessed_yen as assessed_yen,
        - du.principal_balance_yen as principal_balance_yen,
        - du.reminder_fee_paid_yen as reminder_fee_paid_yen,
        - du.late_charge_paid_yen as late_charge_paid_yen,
        - du.overpaid_yen as overpaid_yen
    from {{ ref('fct_dues') }} as du
),

differing as (
    select
        min(en.due_key) as due_key,
        {%- for column in ['assessed', 'principal_balance', 'reminder_fee_paid', 'late_charge_paid', 'overpaid'] %}
        {{ sum_yen('en.' ~ column ~ '_yen') }} as {{ column }}_difference_yen{{ ',' if not loop.last }}
        {%- endfor %}
    from entries as en
    group by {{ hash64('en.due_key') }}
    having
        sum(en.assessed_yen) <> 0
        or sum(en.principal_balance_yen) <> 0
        or sum(en.reminder_fee_paid_yen) <> 0
        or sum(en.late_charge_paid_yen) <> 0
        or sum(en.overpaid_yen) <> 0
)

select df.*
from differing as df
left join below_nothing as bn on bn.due_key = df.due_key
where bn.due_key is null

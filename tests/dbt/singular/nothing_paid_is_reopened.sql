-- Invariant 2 (DESIGN §3): what a decision or notice takes from a due was overpaid there on its day: no tax that was paid is
-- owed again by an offset or a refund. So a due whose tax was not wholly paid then has nothing overpaid from before then.
-- Told from the day-book, without the models that cap decisions; what was paid out beyond what was there is left out here
-- (paid_beyond_what_was_there lists it).
-- A failure: a decision was booked for more than was there. Who looks: the officer for 過誤納, with the developer on duty; the
-- line stands in fct_decision_lines. One row per due and day.
with taken as (
    select distinct
        du.due_no,
        dl.decided_date
    from {{ ref('fct_decision_lines') }} as dl
    inner join {{ ref('fct_dues') }} as du on du.due_key = dl.due_key
    left join (
        select bd.due_key
        from {{ ref('fct_decision_lines') }} as bd
        where bd.beyond_yen > 0
    ) as by_hand on by_hand.due_key = dl.due_key
    where dl.decision_kind in ('offset', 'refund') and dl.booked_yen + dl.bound_yen > 0 and by_hand.due_key is null
),

-- A refund that 収納履歴 records for the same due is booked whole, whatever was there.
recorded as (
    select distinct mv.due_no
    from {{ ref('fct_movements') }} as mv
    where mv.movement_type in ('refunded', 'offset_out') and mv.reason_code = 'as_recorded'
),

received as (
    select
        tk.due_no,
        tk.decided_date,
        {{ sum_yen("case
            when mv.movement_type = 'overpaid' then 0
            when mv.direction = 'out' then - mv.amount_yen
            else mv.amount_yen
        end") }} as paid_yen,
        {{ sum_yen("case when mv.movement_type = 'overpaid' then mv.amount_yen else 0 end") }} as overpaid_yen
    from taken as tk
    inner join {{ ref('fct_movements') }} as mv on mv.due_no = tk.due_no and mv.value_date <= tk.decided_date
    where
        mv.component = 'principal'
        and mv.movement_type in ('received', 'offset_in', 'reallocated', 'overpaid', 'written_off')
        and mv.corrects_fiscal_year is null
        and not mv.is_provisional
    group by tk.due_no, tk.decided_date
),

assessed as (
    select
        tk.due_no,
        tk.decided_date,
        {{ sum_yen('mv.amount_yen') }} as assessed_yen
    from taken as tk
    inner join {{ ref('fct_movements') }} as mv on mv.due_no = tk.due_no and mv.posted_date <= tk.decided_date
    where mv.movement_type in ('assessed', 'adjusted', 'cancelled') and mv.corrects_fiscal_year is null
    group by tk.due_no, tk.decided_date
)

select
    rc.due_no,
    rc.decided_date,
    asd.assessed_yen,
    rc.paid_yen,
    rc.overpaid_yen
from received as rc
inner join assessed as asd on asd.due_no = rc.due_no and asd.decided_date = rc.decided_date
inner join {{ ref('fct_dues') }} as du on du.due_no = rc.due_no
left join recorded as rd on rd.due_no = rc.due_no
where rd.due_no is null and rc.overpaid_yen > 0 and rc.paid_yen < least(asd.assessed_yen, du.assessed_yen)

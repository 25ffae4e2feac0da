{#-
延滞金 (地方税法附則第3条の2, 第20条の4の2; 期間は民法第143条): the set-based twin of warehouse/law/late_charge.py.
A property test holds the two equal. Both take every number from warehouse/law/parameters: here through the seeds
law_late_charge_rates and law_rounding.

dues      relation or CTE, one row per due:
          due_no, principal_yen (bigint; assessed after reductions), due_date (as rolled over holidays),
          low_rate_months (integer), rate_family (text), accrue_to (date; the last day that counts, the as-of date)
payments  relation or CTE, any number of rows per due:
          due_no, received_date (領収日), principal_yen (bigint; what was allocated to the principal, negative where it
          was taken back: the base grows again from the day after)

Only dues that can have a charge go beyond the first steps: a tax of at least the statutory minimum, past due, with at
least one unit of the base unpaid when the due date ended or later. Amounts up to 64,000 million yen a due are safe in
bigint over the whole table of rates; beyond that both engines stop with an overflow.
-#}

{#- One row per due with at least one part: due_no, segment_sum_yen, late_charge_yen, segment_count. A due without a
    row has no late charge. late_charge_yen and segment_sum_yen are NULL where a day has no known rate (next year's is
    announced in November): a not_null test then stops the build, which is better than an amount that is too small. -#}
{%- macro late_charge_by_due(dues, payments, rates=none, rounding=none) -%}
with
{{ late_charge_ctes(dues, payments, rates, rounding) }},

lc_totals as (
    select
        sg.due_no,
        case when count(sg.yen) = count(*) then {{ sum_yen('sg.yen') }} end as segment_sum_yen,
        count(*) as segment_count
    from lc_segments as sg
    group by sg.due_no
)

select
    tt.due_no,
    tt.segment_sum_yen,
    case
        when tt.segment_sum_yen < rn.minimum_total_yen then 0
        else {{ floor_to_unit('tt.segment_sum_yen', 'rn.total_unit_yen') }}
    end as late_charge_yen,
    tt.segment_count
from lc_totals as tt
cross join lc_rounding as rn
{%- endmacro -%}

{#- The parts behind the amount, to be shown to a person: due_no, from_date, to_date, days, phase (low, high), base_yen,
    rate_per_100000, yen. -#}
{%- macro late_charge_segments(dues, payments, rates=none, rounding=none) -%}
with
{{ late_charge_ctes(dues, payments, rates, rounding) }}

select
    sg.due_no,
    sg.from_date,
    sg.to_date,
    sg.days,
    sg.phase,
    sg.base_yen,
    sg.rate_per_100000,
    sg.yen
from lc_segments as sg
{%- endmacro -%}

{%- macro late_charge_ctes(dues, payments, rates, rounding) -%}
lc_rounding as (  -- one row: the seed generator refuses a second
    select
        rl.base_unit_yen,
        rl.minimum_tax_yen,
        rl.segment_unit_yen,
        rl.rate_divisor,
        rl.minimum_total_yen,
        rl.total_unit_yen
    from {{ rounding or ref('law_rounding') }} as rl
    where rl.rule_code = 'late_charge'
),

lc_candidates as (
    select
        du.due_no,
        du.principal_yen,
        du.due_date,
        {{ add_days('du.due_date', 1) }} as first_day,
        {{ add_months(add_days('du.due_date', 1), 'du.low_rate_months') }} as same_day,
        du.rate_family,
        du.accrue_to
    from {{ dues }} as du
    cross join lc_rounding as rn
    where
        du.due_date < du.accrue_to
        and du.principal_yen >= rn.minimum_tax_yen  -- on the tax itself, also when a payment has left less
),

lc_paid as (
    select
        ca.due_no,
        {{ sum_yen('case when pm.received_date <= ca.due_date then pm.principal_yen else 0 end') }} as paid_in_time_yen,
        {{ sum_yen('case when pm.received_date > ca.due_date and pm.principal_yen < 0 then pm.principal_yen else 0 end') }}
            as taken_back_late_yen
    from lc_candidates as ca
    inner join {{ payments }} as pm on pm.due_no = ca.due_no
    group by ca.due_no
),

lc_late_dues as (
    select
        ca.due_no,
        ca.principal_yen - coalesce(pd.paid_in_time_yen, 0) as balance_yen,
        ca.due_date,
        ca.first_day,
        case  -- 民法143条: the day before the same day; where the month has no such day, its last day (add_months clamped)
            when extract(day from ca.same_day) < extract(day from ca.first_day) then ca.same_day
            else {{ add_days('ca.same_day', -1) }}
        end as low_rate_to,
        ca.rate_family,
        ca.accrue_to
    from lc_candidates as ca
    cross join lc_rounding as rn
    left join lc_paid as pd on pd.due_no = ca.due_no
    where
        ca.principal_yen - coalesce(pd.paid_in_time_yen, 0) - coalesce(pd.taken_back_late_yen, 0) >= rn.base_unit_yen
),

lc_paid_late as (  -- payments of one day are one change of the balance; the last day counts in full, so it changes nothing
    select
        ld.due_no,
        pm.received_date,
        {{ sum_yen('pm.principal_yen') }} as paid_yen
    from lc_late_dues as ld
    inner join {{ payments }} as pm
        on pm.due_no = ld.due_no
        and pm.received_date > ld.due_date
        and pm.received_date < ld.accrue_to
    group by ld.due_no, pm.received_date
    having sum(pm.principal_yen) <> 0
),

lc_balance_changes as (
    select
        ld.due_no,
        ld.first_day as from_date,
        ld.balance_yen as change_yen
    from lc_late_dues as ld
    union all
    select
        pl.due_no,
        {{ add_days('pl.received_date', 1) }} as from_date,
        - pl.paid_yen as change_yen
    from lc_paid_late as pl
),

lc_balances as (
    select
        bc.due_no,
        bc.from_date,
        cast(
            sum(bc.change_yen) over (
                partition by bc.due_no order by bc.from_date rows between unbounded preceding and current row
            ) as bigint
        ) as balance_yen,
        lead(bc.from_date) over (partition by bc.due_no order by bc.from_date) as next_from_date
    from lc_balance_changes as bc
),

lc_intervals as (
    select
        ba.due_no,
        ba.from_date,
        coalesce({{ add_days('ba.next_from_date', -1) }}, ld.accrue_to) as to_date,
        ld.low_rate_to,
        ld.rate_family,
        {{ floor_to_unit('ba.balance_yen', 'rn.base_unit_yen') }} as base_yen
    from lc_balances as ba
    inner join lc_late_dues as ld on ld.due_no = ba.due_no
    cross join lc_rounding as rn
    where ba.balance_yen >= rn.base_unit_yen
),

lc_phases as (
    select
        iv.due_no,
        'low' as phase,
        iv.from_date,
        least(iv.to_date, iv.low_rate_to) as to_date,
        iv.rate_family,
        iv.base_yen
    from lc_intervals as iv
    where iv.from_date <= iv.low_rate_to
    union all
    select
        iv.due_no,
        'high' as phase,
        greatest(iv.from_date, {{ add_days('iv.low_rate_to', 1) }}) as from_date,
        iv.to_date,
        iv.rate_family,
        iv.base_yen
    from lc_intervals as iv
    where iv.to_date > iv.low_rate_to
),

lc_rated as (  -- adjacent periods with one rate are one row of the seed, so one part here: it is floored once
    select
        ph.due_no,
        ph.phase,
        greatest(ph.from_date, coalesce(rt.valid_from, ph.from_date)) as from_date,
        least(ph.to_date, coalesce(rt.valid_to, ph.to_date)) as to_date,
        ph.base_yen,
        rt.rate_per_100000
    from lc_phases as ph
    left join {{ rates or ref('law_late_charge_rates') }} as rt
        on rt.rate_family = ph.rate_family
        and rt.phase = ph.phase
        and rt.valid_from <= ph.to_date
        and rt.valid_to >= ph.from_date
),

lc_days as (
    select
        rd.due_no,
        rd.phase,
        rd.from_date,
        rd.to_date,
        rd.base_yen,
        rd.rate_per_100000,
        {{ days_between('rd.from_date', 'rd.to_date') }} + 1 as days
    from lc_rated as rd
),

lc_segments as (
    select
        dy.due_no,
        dy.phase,
        dy.from_date,
        dy.to_date,
        dy.days,
        dy.base_yen,
        dy.rate_per_100000,
        {{ int_div('dy.base_yen * dy.rate_per_100000 * dy.days', 'rn.rate_divisor * rn.segment_unit_yen') }}
        * rn.segment_unit_yen as yen
    from lc_days as dy
    cross join lc_rounding as rn
)
{%- endmacro -%}

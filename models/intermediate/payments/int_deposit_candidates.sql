-- One row per deposit that names nothing, candidate and due of the candidate.
-- Tier 4: what a deposit without a key may pay. A candidate is a due, or a run of one notice's instalments, or all
-- that a payer has open, whose amount on the day is the deposit's, of a payer whose name is alike.
--   state: taken (the only one that clears the threshold), or why not.
-- What was open is judged by what had come by then and named its due, so that a later record never takes a match back.
{% set rules = variable('matching') %}
with deposits as (
    select mt.*
    from {{ ref('int_payments_matched') }} as mt
    where mt.source_code = 'deposit' and mt.record_status = 'final' and mt.suspense_reason = 'names_nothing'
),

pairs as (
    select
        dp.load_id,
        dp.source_line,
        dp.load_rank,
        dp.received_date,
        dp.posted_date,
        dp.amount_yen,
        pn.name_score,
        du.due_no,
        concat_ws('|', dp.load_id, dp.source_line, du.due_no) as pair_key,
        du.addressee_no,
        concat_ws('-', du.tax_item_code, du.levy_year, du.notice_no) as notice,
        du.instalment_no,
        du.due_date,
        du.low_rate_months,
        du.rate_family,
        {{ days_between('dp.received_date', 'du.due_date') }} as days_early
    from deposits as dp
    inner join {{ ref('int_payer_names') }} as pn on pn.load_id = dp.load_id and pn.source_line = dp.source_line
    inner join {{ ref('int_dues') }} as du on du.addressee_no = pn.addressee_no
    where
        du.first_assessed_date <= dp.received_date
        and {{ days_between('dp.received_date', 'du.due_date') }} >= - {{ rules.late_days }}
),

standing as (
    select
        pr.pair_key,
        {{ sum_yen('ev.delta_yen') }} as assessed_yen
    from pairs as pr
    inner join {{ ref('stg_assessments') }} as ev
        on ev.due_no = pr.due_no and ev.assessed_date <= pr.received_date
    group by pr.pair_key
),

payments as (
    select
        pr.pair_key as due_no,
        kp.received_date,
        kp.offered_yen as principal_yen,
        kp.split_reminder_fee_yen,
        kp.split_late_charge_yen
    from pairs as pr
    inner join {{ ref('int_named_portions') }} as kp
        on kp.due_no = pr.due_no and kp.record_status = 'final' and {{ is_before('kp', 'pr') }}
    union all
    select
        pr.pair_key as due_no,
        wd.received_date,
        - wd.principal_yen as principal_yen,
        cast(0 as bigint) as split_reminder_fee_yen,
        cast(0 as bigint) as split_late_charge_yen
    from pairs as pr
    inner join {{ ref('int_withdrawal_claims') }} as wd
        on wd.due_no = pr.due_no and wd.entry_kind = 'reallocation' and wd.posted_date <= pr.received_date
),

paid as (
    select
        pm.due_no as pair_key,
        {{ sum_yen('pm.principal_yen') }} as principal_yen,
        {{ sum_yen('pm.split_reminder_fee_yen') }} as reminder_fee_yen,
        {{ sum_yen('pm.split_late_charge_yen') }} as late_charge_yen
    from payments as pm
    group by pm.due_no
),

open_pairs as (
    select
        pr.*,
        sg.assessed_yen,
        sg.assessed_yen - coalesce(pd.principal_yen, 0) as balance_yen,
        coalesce(pd.reminder_fee_yen, 0) as reminder_fee_paid_yen,
        coalesce(pd.late_charge_yen, 0) as late_charge_paid_yen
    from pairs as pr
    inner join standing as sg on sg.pair_key = pr.pair_key
    left join paid as pd on pd.pair_key = pr.pair_key
    where sg.assessed_yen > coalesce(pd.principal_yen, 0)
),

late_pairs as (
    select
        op.pair_key as due_no,
        op.assessed_yen as principal_yen,
        op.due_date,
        op.low_rate_months,
        op.rate_family,
        op.received_date as accrue_to
    from open_pairs as op
    where op.due_date < op.received_date
),

accrued as (
    {{ late_charge_by_due('late_pairs', 'payments') | indent(4) }}
),

reminded as (
    select
        op.pair_key,
        max(rm.reminder_fee_yen) as reminder_fee_yen
    from open_pairs as op
    inner join {{ ref('stg_reminders') }} as rm on rm.due_no = op.due_no and rm.sent_date <= op.received_date
    group by op.pair_key
),

items as (
    select
        op.*,
        greatest(coalesce(rm.reminder_fee_yen, 0) - op.reminder_fee_paid_yen, 0)
        + greatest(coalesce(ac.late_charge_yen, 0) - op.late_charge_paid_yen, 0) as charges_yen,
        case
            when op.days_early > {{ rules.early_days }} then 0
            when op.days_early >= 0 then 100 - {{ int_div('100 * op.days_early', rules.early_days) }}
            else 100 - {{ int_div('100 * - op.days_early', rules.late_days) }}
        end as date_score,
        row_number() over (
            partition by op.load_id, op.source_line, op.addressee_no, op.notice
            order by op.due_date, op.instalment_no, op.due_no
        ) as item_no,
        dense_rank() over (partition by op.load_id, op.source_line, op.addressee_no order by op.notice) as notice_no
    from open_pairs as op
    left join reminded as rm on rm.pair_key = op.pair_key
    left join accrued as ac on ac.due_no = op.pair_key
),

-- A set of dues is told by where it begins and ends within a notice, or it is all that the payer has open in several.
-- One of its dues is near: whoever pays a year in advance pays with the first instalment.
runs as (
    select
        fi.load_id,
        fi.source_line,
        fi.addressee_no,
        fi.notice,
        fi.item_no as first_item_no,
        la.item_no as last_item_no,
        max(it.amount_yen) as amount_yen,
        {{ sum_yen('it.balance_yen') }} as balance_yen,
        {{ sum_yen('it.charges_yen') }} as charges_yen
    from items as fi
    inner join items as la
        on la.load_id = fi.load_id and la.source_line = fi.source_line and la.addressee_no = fi.addressee_no
        and la.notice = fi.notice and la.item_no >= fi.item_no
    inner join items as it
        on it.load_id = fi.load_id and it.source_line = fi.source_line and it.addressee_no = fi.addressee_no
        and it.notice = fi.notice and it.item_no between fi.item_no and la.item_no
    group by fi.load_id, fi.source_line, fi.addressee_no, fi.notice, fi.item_no, la.item_no
    having min(it.days_early) <= {{ rules.early_days }}
    union all
    select
        it.load_id,
        it.source_line,
        it.addressee_no,
        cast(null as {{ dbt.type_string() }}) as notice,
        cast(null as bigint) as first_item_no,
        cast(null as bigint) as last_item_no,
        max(it.amount_yen) as amount_yen,
        {{ sum_yen('it.balance_yen') }} as balance_yen,
        {{ sum_yen('it.charges_yen') }} as charges_yen
    from items as it
    group by it.load_id, it.source_line, it.addressee_no
    having max(it.notice_no) > 1 and min(it.days_early) <= {{ rules.early_days }}
),

candidates as (
    select
        ru.*,
        case when ru.balance_yen = ru.amount_yen then 0 else 1 end as has_charges,
        row_number() over (
            partition by ru.load_id, ru.source_line
            order by ru.addressee_no, ru.notice, ru.first_item_no, ru.last_item_no
        ) as set_no
    from runs as ru
    where ru.balance_yen = ru.amount_yen or ru.balance_yen + ru.charges_yen = ru.amount_yen
),

candidate_dues as (
    select
        cd.set_no,
        it.*,
        it.balance_yen + case when cd.has_charges = 1 then it.charges_yen else 0 end as portion_yen,
        row_number() over (
            partition by cd.load_id, cd.source_line, cd.set_no
            order by it.due_date, it.due_no
        ) as line_no,
        max(it.date_score) over (partition by cd.load_id, cd.source_line, cd.set_no) as best_date_score
    from candidates as cd
    inner join items as it
        on it.load_id = cd.load_id and it.source_line = cd.source_line and it.addressee_no = cd.addressee_no
        and (cd.notice is null or (it.notice = cd.notice and it.item_no between cd.first_item_no and cd.last_item_no))
),

scored as (
    select
        cu.*,
        {{ int_div(
            rules.name_weight ~ ' * cu.name_score + ' ~ rules.date_weight ~ ' * cu.best_date_score',
            rules.name_weight + rules.date_weight
        ) }} as score
    from candidate_dues as cu
),

clearing as (
    select
        sc.load_id,
        sc.source_line,
        sc.load_rank,
        sc.received_date,
        sc.posted_date,
        sc.set_no,
        sc.due_no,
        dense_rank() over (partition by sc.load_id, sc.source_line order by sc.set_no) as clearing_no
    from scored as sc
    where sc.score >= {{ rules.threshold }}
),

counted as (
    select
        cl.load_id,
        cl.source_line,
        max(cl.clearing_no) as clearing_count
    from clearing as cl
    group by cl.load_id, cl.source_line
),

-- A due that an earlier deposit points to may be paid by it.
claimed as (
    select distinct
        cl.load_id,
        cl.source_line,
        cl.set_no
    from clearing as cl
    inner join clearing as ea on ea.due_no = cl.due_no and {{ is_before('ea', 'cl') }}
),

-- Money that names its payer alone is spread over what is open: what that was, is not known here.
spread as (
    select distinct
        sc.load_id,
        sc.source_line,
        sc.set_no
    from scored as sc
    inner join {{ ref('int_payments_matched') }} as lu
        on lu.addressee_no = sc.addressee_no and lu.record_status = 'final' and {{ is_before('lu', 'sc') }}
)

select
    sc.load_id,
    sc.source_line,
    sc.load_rank,
    dp.channel_code,
    dp.branch_code,
    sc.received_date,
    sc.posted_date,
    sc.amount_yen,
    dense_rank() over (
        partition by sc.load_id, sc.source_line
        order by sc.score desc, sc.name_score desc, sc.set_no
    ) as candidate_no,
    sc.name_score,
    sc.best_date_score as date_score,
    sc.score,
    case
        when sc.score < {{ rules.threshold }} then 'below_threshold'
        when cn.clearing_count > 1 then 'several_clear'
        when cm.load_id is not null then 'claimed_before'
        when sp.load_id is not null then 'spread_before'
        else 'taken'
    end as state,
    sc.addressee_no,
    cast(sc.line_no as integer) as line_no,
    sc.due_no,
    cast(sc.portion_yen as bigint) as portion_yen
from scored as sc
inner join deposits as dp on dp.load_id = sc.load_id and dp.source_line = sc.source_line
left join counted as cn on cn.load_id = sc.load_id and cn.source_line = sc.source_line
left join claimed as cm
    on cm.load_id = sc.load_id and cm.source_line = sc.source_line and cm.set_no = sc.set_no
left join spread as sp on sp.load_id = sc.load_id and sp.source_line = sc.source_line and sp.set_no = sc.set_no

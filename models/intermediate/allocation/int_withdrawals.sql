-- One row per refund, offset out and reallocation out, paid or promised, as booked.
-- Money that leaves a due in the books: what is asked (int_withdrawal_claims), as far as it is there at its moment.
-- What has happened is booked whole (收納履歴, a refund that was paid): money that has left has left. What was only
-- decided or told is taken up to what is left then, in the order of approval (day, 起案番号, 明細番号); fct_decision_lines
-- lists the rest.
--   offsets, refunds: what was received by the day of the decision, over the tax as it stood then, less what had left.
--     Charges that receipts without a split had paid are no overpayment.
--   reallocations: what was received, whether owed or not, less what had left.
-- What is there is never reckoned too low: a lump sum may be overpaid on any due of its payer, and what other
-- decisions bring counts in full. Where that lets too much pass, nothing_paid_is_reopened and dues_hold_their_balance
-- stop the build.
with claims as (
    select
        wd.*,
        -- paid, or recorded by the core system
        case when wd.origin = 'history' or wd.entry_kind = 'refund' then 1 else 0 end as has_happened
    from {{ ref('int_withdrawal_claims') }} as wd
),

guarded as (
    select
        cl.due_no,
        max(du.addressee_no) as addressee_no,
        max(case when cl.entry_kind = 'reallocation' then 1 else 0 end) as has_reallocation
    from claims as cl
    inner join {{ ref('int_dues') }} as du on du.due_no = cl.due_no
    where cl.origin <> 'history'
    group by cl.due_no
),

ordered as (
    select
        cl.*,
        row_number() over (
            partition by cl.due_no
            order by cl.taken_date, cl.has_happened desc, cl.decision_no, cl.line_no, cl.overpayment_notice_no,
                cl.load_rank, cl.source_line
        ) as step_no
    from claims as cl
    inner join guarded as gd on gd.due_no = cl.due_no
),

portions as (
    select
        np.due_no,
        np.load_rank,
        np.source_line,
        np.received_date,
        np.posted_date,
        np.is_split,
        np.is_honoured,
        np.offered_yen,
        np.split_reminder_fee_yen,
        np.split_late_charge_yen
    from {{ ref('int_portions') }} as np
    inner join guarded as gd on gd.due_no = np.due_no
    where np.record_status = 'final'
    union all
    select
        lp.due_no,
        lp.load_rank,
        lp.source_line,
        lp.received_date,
        lp.posted_date,
        1 as is_split,
        0 as is_honoured,
        lp.principal_yen as offered_yen,
        cast(0 as bigint) as split_reminder_fee_yen,
        cast(0 as bigint) as split_late_charge_yen
    from {{ ref('int_lump_principals') }} as lp
    inner join guarded as gd on gd.due_no = lp.due_no
),

lump_totals as (
    select
        lp.load_id,
        lp.source_line,
        {{ sum_yen('lp.principal_yen') }} as principal_yen
    from {{ ref('int_lump_principals') }} as lp
    group by lp.load_id, lp.source_line
),

lump_rests as (
    select
        lu.addressee_no,
        {{ sum_yen('lu.amount_yen - coalesce(lt.principal_yen, 0)') }} as rest_yen
    from {{ ref('int_lump_sums') }} as lu
    left join lump_totals as lt on lt.load_id = lu.load_id and lt.source_line = lu.source_line
    group by lu.addressee_no
),

-- What pays the principal where nothing is taken away: by it the late charge runs as int_charges has it.
principals as (
    select
        rn.*,
        cast(least(rn.cumulative_yen, du.assessed_yen) - least(rn.cumulative_yen - rn.offered_yen, du.assessed_yen) as bigint)
            as principal_yen
    from (
        select
            po.*,
            sum(po.offered_yen) over (
                partition by po.due_no
                order by {{ receipt_order('po') }}
                rows between unbounded preceding and current row
            ) as cumulative_yen
        from portions as po
    ) as rn
    inner join {{ ref('int_dues') }} as du on du.due_no = rn.due_no
),

paid as (
    select
        pr.due_no,
        {{ sum_yen('pr.principal_yen') }} as principal_yen,
        {{ sum_yen('pr.split_reminder_fee_yen') }} as split_reminder_fee_yen,
        {{ sum_yen('pr.split_late_charge_yen') }} as split_late_charge_yen,
        max(pr.is_honoured) as is_honoured,
        max(case when pr.principal_yen > 0 then pr.received_date end) as last_principal_date
    from principals as pr
    group by pr.due_no
),

written_off_dues as (
    select distinct wo.due_no
    from {{ ref('int_write_offs') }} as wo
),

-- Dues whose charges can be told without knowing what leaves them: for others none are taken off.
charged_dues as (
    select
        du.due_no,
        du.assessed_yen as principal_yen,
        du.due_date,
        du.low_rate_months,
        du.rate_family,
        {{ as_of_date() }} as accrue_to
    from guarded as gd
    inner join {{ ref('int_dues') }} as du on du.due_no = gd.due_no
    inner join paid as pd on pd.due_no = gd.due_no
    left join lump_rests as lr on lr.addressee_no = gd.addressee_no
    left join written_off_dues as wo on wo.due_no = gd.due_no
    where
        gd.has_reallocation = 0
        and pd.is_honoured = 0
        and pd.principal_yen >= du.assessed_yen
        and lr.addressee_no is null
        and wo.due_no is null
),

late_dues as (
    select cd.*
    from charged_dues as cd
    inner join paid as pd on pd.due_no = cd.due_no
    where cd.due_date < {{ as_of_date() }} and pd.last_principal_date > cd.due_date
),

accrued as (
    {{ late_charge_by_due('late_dues', 'principals') | indent(4) }}
),

reminders as (
    select
        rm.due_no,
        min(rm.sent_date) as sent_date,
        max(rm.reminder_fee_yen) as reminder_fee_yen
    from {{ ref('stg_reminders') }} as rm
    group by rm.due_no
),

charges as (
    select
        cd.due_no,
        rm.sent_date,
        greatest(coalesce(rm.reminder_fee_yen, 0) - pd.split_reminder_fee_yen, 0) as fee_room_yen,
        greatest(coalesce(ac.late_charge_yen, 0) - pd.split_late_charge_yen, 0) as late_room_yen
    from charged_dues as cd
    inner join paid as pd on pd.due_no = cd.due_no
    left join accrued as ac on ac.due_no = cd.due_no
    left join reminders as rm on rm.due_no = cd.due_no
),

-- What had come in by the day of each record, and what of it a receipt without a split had left over the principal.
incoming as (
    select
        od.load_id,
        od.source_line,
        {{ sum_yen('pr.offered_yen') }} as in_yen,
        {{ sum_yen('pr.split_reminder_fee_yen') }} as fee_in_yen,
        {{ sum_yen('pr.split_late_charge_yen') }} as late_in_yen,
        {{ sum_yen('case when pr.is_split = 0 then pr.offered_yen - pr.principal_yen else 0 end') }} as rest_yen,
        {{ sum_yen('case
            when pr.is_split = 0 and pr.received_date >= ch.sent_date then pr.offered_yen - pr.principal_yen else 0
        end') }} as rest_for_fee_yen
    from ordered as od
    inner join principals as pr on pr.due_no = od.due_no and pr.received_date <= od.taken_date
    left join charges as ch on ch.due_no = od.due_no
    group by od.load_id, od.source_line
),

standing as (
    select
        od.load_id,
        od.source_line,
        {{ sum_yen('ev.delta_yen') }} as assessed_yen
    from ordered as od
    inner join {{ ref('int_dues') }} as du on du.due_no = od.due_no
    inner join {{ ref('stg_assessments') }} as ev
        on ev.due_no = od.due_no
        and ev.assessed_date <= greatest(od.taken_date, du.first_assessed_date)  -- paid before it was assessed
    group by od.load_id, od.source_line
),

written_off as (
    select
        od.load_id,
        od.source_line,
        {{ sum_yen('wo.principal_yen') }} as written_off_yen
    from ordered as od
    inner join {{ ref('int_write_offs') }} as wo
        on wo.due_no = od.due_no and wo.written_off_date <= od.taken_date
    group by od.load_id, od.source_line
),

-- over_yen: overpaid if nothing had left before; in_yen: all that had come in.
rooms as (
    select
        od.load_id,
        od.source_line,
        od.due_no,
        od.step_no,
        od.entry_kind,
        od.has_happened,
        od.principal_yen,
        od.reminder_fee_yen,
        od.late_charge_yen,
        coalesce(ic.in_yen, 0) + coalesce(lr.rest_yen, 0) as in_yen,
        coalesce(ic.in_yen, 0) + coalesce(lr.rest_yen, 0)
        - greatest(coalesce(sg.assessed_yen, 0) - coalesce(wf.written_off_yen, 0), 0)
        - case
            -- an increase since has made the late charge another
            when ch.due_no is null or du.assessed_yen > coalesce(sg.assessed_yen, 0) then 0
            else least(ic.rest_for_fee_yen, ch.fee_room_yen)
                + least(ic.rest_yen - least(ic.rest_for_fee_yen, ch.fee_room_yen), ch.late_room_yen)
        end as over_yen,
        coalesce(ic.fee_in_yen + ic.rest_yen, 0) + coalesce(lr.rest_yen, 0) as fee_in_yen,
        coalesce(ic.late_in_yen + ic.rest_yen, 0) + coalesce(lr.rest_yen, 0) as late_in_yen
    from ordered as od
    inner join {{ ref('int_dues') }} as du on du.due_no = od.due_no
    left join incoming as ic on ic.load_id = od.load_id and ic.source_line = od.source_line
    left join standing as sg on sg.load_id = od.load_id and sg.source_line = od.source_line
    left join written_off as wf on wf.load_id = od.load_id and wf.source_line = od.source_line
    left join lump_rests as lr on lr.addressee_no = du.addressee_no
    left join charges as ch on ch.due_no = od.due_no
),

taken as (
    {{ take_in_order('rooms') | indent(4) }}
),

-- Interest that is set off goes with its tax: where nothing of that is booked, there is nothing that bore it.
weighed as (
    select
        cl.*,
        tk.principal_room_yen,
        case when tk.load_id is null then cl.principal_yen else tk.principal_yen end as usable_principal_yen,
        case when tk.load_id is null then cl.reminder_fee_yen else tk.reminder_fee_yen end as usable_reminder_fee_yen,
        case when tk.load_id is null then cl.late_charge_yen else tk.late_charge_yen end as usable_late_charge_yen,
        case
            when cl.origin <> 'decision' or tk.load_id is null then 1
            when sum(cl.principal_yen + cl.reminder_fee_yen + cl.late_charge_yen)
                over (partition by cl.origin, cl.decision_no, cl.due_no) = 0 then 1
            when sum(tk.principal_yen + tk.reminder_fee_yen + tk.late_charge_yen)
                over (partition by cl.origin, cl.decision_no, cl.due_no) > 0 then 1
            else 0
        end as interest_is_borne
    from claims as cl
    left join taken as tk on tk.load_id = cl.load_id and tk.source_line = cl.source_line
),

usable as (
    select
        wg.*,
        wg.refund_interest_yen * wg.interest_is_borne as usable_interest_yen,
        wg.usable_principal_yen + wg.usable_reminder_fee_yen + wg.usable_late_charge_yen
        + wg.refund_interest_yen * wg.interest_is_borne as usable_yen
    from weighed as wg
)

select
    us.load_id,
    us.source_line,
    us.load_rank,
    us.due_no,
    us.offset_due_no,
    us.entry_kind,
    us.origin,
    us.decision_no,
    us.line_no,
    us.overpayment_notice_no,
    us.channel_code,
    us.branch_code,
    us.received_date,
    us.posted_date,
    us.taken_date,
    cast(us.usable_principal_yen as bigint) as principal_yen,
    cast(us.usable_reminder_fee_yen as bigint) as reminder_fee_yen,
    cast(us.usable_late_charge_yen as bigint) as late_charge_yen,
    cast(us.usable_interest_yen as bigint) as refund_interest_yen,
    -- a decision goes to one part of the other due
    {%- for part in ['principal', 'reminder_fee', 'late_charge'] %}
    cast(case
        when us.origin = 'decision' and us.to_{{ part }}_yen > 0 then us.usable_yen
        else us.to_{{ part }}_yen
    end as bigint) as to_{{ part }}_yen,
    {%- endfor %}
    us.budget_side,
    us.fiscal_year,
    us.to_fiscal_year,
    us.interest_fiscal_year,
    us.asked_yen,
    cast(us.asked_yen - (
        us.principal_yen + us.reminder_fee_yen + us.late_charge_yen - us.usable_principal_yen - us.usable_reminder_fee_yen
        - us.usable_late_charge_yen + us.refund_interest_yen - us.usable_interest_yen
    ) as bigint) as usable_yen,
    cast(greatest(us.usable_principal_yen - coalesce(us.principal_room_yen, us.usable_principal_yen), 0) as bigint) as beyond_yen
from usable as us

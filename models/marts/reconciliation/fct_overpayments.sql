-- One row per receipt, due and cause, of money that was more than owed.
-- Money that was more than owed, with the cause that decides the refund interest (地方税法17条の4).
--   refund_interest_yen: what would be added if the balance were paid on the build's day.
with overpaid as (
    select
        al.load_id,
        al.source_line,
        al.portion_no,
        al.due_no,
        al.due_fiscal_year,
        al.addressee_no,
        al.received_date,
        al.posted_date,
        al.overpaid_principal_yen,
        al.overpaid_principal_yen + al.overpaid_reminder_fee_yen + al.overpaid_late_charge_yen as overpaid_yen
    from {{ ref('int_allocations') }} as al
    where al.overpaid_principal_yen + al.overpaid_reminder_fee_yen + al.overpaid_late_charge_yen > 0
),

reduced_dues as (
    select
        ov.due_no,
        max(du.assessed_yen) as assessed_yen,
        max(coalesce(du.last_reason_code, '1')) as reason_code
    from overpaid as ov
    inner join {{ ref('int_dues') }} as du on du.due_no = ov.due_no
    where du.last_reduced_date is not null
    group by ov.due_no
),

-- What a receipt put on the principal, and what all before it had.
offered as (
    select
        pa.load_id,
        pa.source_line,
        pa.due_no,
        pa.received_date,
        pa.due_date,
        pa.offered_yen,
        sum(pa.offered_yen) over (
            partition by pa.due_no
            order by {{ receipt_order('pa') }}
            rows between unbounded preceding and current row
        ) as cumulative_yen
    from {{ ref('int_principal_allocations') }} as pa
    inner join reduced_dues as rd on rd.due_no = pa.due_no
    where pa.origin <> 'disposition'
),

-- The tax as it stood for a receipt: without the reductions that came on its day or after it.
standing as (
    select
        of.load_id,
        of.source_line,
        of.due_no,
        of.offered_yen,
        of.cumulative_yen,
        case when of.received_date > of.due_date then 1 else 0 end as is_late,
        rd.assessed_yen + coalesce({{ sum_yen('- ev.delta_yen') }}, 0) as standing_yen
    from offered as of
    inner join reduced_dues as rd on rd.due_no = of.due_no
    left join {{ ref('stg_assessments') }} as ev
        on ev.due_no = of.due_no and ev.delta_yen < 0 and ev.assessed_date >= of.received_date
    group by of.load_id, of.source_line, of.due_no, of.offered_yen, of.cumulative_yen, of.received_date,
        of.due_date, rd.assessed_yen
),

mistaken as (
    select
        st.load_id,
        st.source_line,
        st.due_no,
        -- What came late over the tax paid its charges then: it too became too much by the reduction.
        case
            when st.cumulative_yen - st.offered_yen >= st.standing_yen then st.offered_yen
            when st.is_late = 1 then 0
            else greatest(st.cumulative_yen - st.standing_yen, 0)
        end as mistaken_yen
    from standing as st
),

split as (
    select
        ov.*,
        rd.reason_code,
        case
            when rd.due_no is null then 0
            else greatest(ov.overpaid_principal_yen - coalesce(mk.mistaken_yen, ov.overpaid_principal_yen), 0)
        end as reduced_yen
    from overpaid as ov
    left join reduced_dues as rd on rd.due_no = ov.due_no
    left join mistaken as mk
        on mk.load_id = ov.load_id and mk.source_line = ov.source_line and mk.due_no = ov.due_no
),

caused as (
    select
        sp.*,
        '4' as cause_code,
        1 as cause_order,
        sp.overpaid_yen - sp.reduced_yen as amount_yen
    from split as sp
    union all
    select
        sp.*,
        sp.reason_code as cause_code,
        2 as cause_order,
        sp.reduced_yen as amount_yen
    from split as sp
),

paid_back as (
    select
        wd.due_no,
        {{ sum_yen("case when wd.entry_kind <> 'notified' then wd.principal_yen + wd.reminder_fee_yen + wd.late_charge_yen else 0 end") }}
            as paid_back_yen,
        {{ sum_yen("case when wd.entry_kind = 'notified' then wd.principal_yen + wd.reminder_fee_yen + wd.late_charge_yen else 0 end") }}
            as notified_yen
    from {{ ref('int_withdrawals') }} as wd
    where wd.entry_kind in ('refund', 'offset', 'notified')
    group by wd.due_no
),

-- The notice that waits for its claim or its payment.
waiting as (
    select
        nt.due_no,
        min(nt.notified_date) as notified_date,
        max(nt.claimed_date) as claimed_date
    from {{ ref('stg_overpayment_notices') }} as nt
    where nt.paid_date is null
    group by nt.due_no
),

-- The last reduction of a due that has any: its case and days decide from when interest runs.
reductions as (
    select
        ev.due_no,
        ev.assessed_date as reduced_date,
        ev.claim_date,
        ev.income_tax_notice_date,
        row_number() over (
            partition by ev.due_no order by ev.assessed_date desc, ev.assessment_event_no desc
        ) as recency
    from {{ ref('stg_assessments') }} as ev
    inner join reduced_dues as rd on rd.due_no = ev.due_no
    where ev.delta_yen < 0
),

running as (
    select
        cs.*,
        ld.load_rank,
        case when cs.cause_order = 2 then rt.reduced_date else cs.received_date end as arisen_date,
        rt.reduced_date,
        rt.claim_date,
        rt.income_tax_notice_date,
        coalesce(pb.paid_back_yen, 0) as paid_back_yen,
        coalesce(pb.notified_yen, 0) as notified_yen,
        coalesce(sum(cs.amount_yen) over (
            partition by cs.due_no
            order by
                cs.received_date desc, cs.posted_date desc, ld.load_rank desc, cs.source_line desc, cs.portion_no desc,
                cs.cause_order
            rows between unbounded preceding and 1 preceding
        ), 0) as later_yen
    from caused as cs
    inner join {{ ref('stg_loads') }} as ld on ld.load_id = cs.load_id
    left join paid_back as pb on pb.due_no = cs.due_no
    left join reductions as rt on rt.due_no = cs.due_no and rt.recency = 1
    where cs.amount_yen > 0
),

-- Paid back and then promised: both from the last receipt on.
balances as (
    select
        rn.*,
        -- a receipt may have both kinds of 4号: paid by mistake, and reduced without a claim
        concat_ws(
            '-', rn.load_id, rn.source_line, rn.portion_no, rn.cause_code,
            case when rn.cause_order = 2 and rn.cause_code = '4' then 'reduced' end
        ) as overpayment_id,
        rn.amount_yen - least(greatest(rn.paid_back_yen - rn.later_yen, 0), rn.amount_yen) as balance_yen,
        rn.amount_yen - least(greatest(rn.paid_back_yen + rn.notified_yen - rn.later_yen, 0), rn.amount_yen)
            as free_yen
    from running as rn
),

dated as (
    select
        ba.*,
        wt.notified_date,
        wt.claimed_date,
        {{ add_days('wt.notified_date', 'ac.unclaimed_days + 1') }} as pause_from,
        case when wt.claimed_date is null then {{ as_of_date() }} else wt.claimed_date end as pause_to,
        {{ refund_interest_from(
            'ba.cause_code', 'ba.received_date', 'ba.claim_date', 'case when ba.cause_order = 2 then ba.reduced_date end',
            'ba.income_tax_notice_date', 'ac'
        ) }} as interest_from_date,
        {{ add_months('ba.arisen_date', 'ac.claim_months_in_all') }} as claim_expires_on
    from balances as ba
    inner join {{ ref('law_refund_interest_accrual') }} as ac
        on ba.received_date between ac.valid_from and ac.valid_to
    left join waiting as wt on wt.due_no = ba.due_no and ba.free_yen < ba.balance_yen
),

parts as (
    select
        dt.overpayment_id as part_id,
        dt.balance_yen as principal_yen,
        dt.interest_from_date as from_date,
        {{ as_of_date() }} as to_date,
        dt.pause_from,
        dt.pause_to
    from dated as dt
    where dt.balance_yen > 0 and dt.claim_expires_on >= {{ as_of_date() }}
),

interest as (
    {{ refund_interest_by_part('parts') | indent(4) }}
)

select
    dt.overpayment_id,
    concat_ws('-', dt.load_id, dt.source_line) as receipt_id,
    {{ due_key_of('dt.due_no', 'ds', 'od') }} as due_key,
    dt.addressee_no,
    dt.received_date,
    dt.posted_date,
    dt.cause_code,
    dt.arisen_date,
    cast({{ fiscal_year_of_receipt('dt.due_fiscal_year', 'dt.received_date') }} as bigint) as fiscal_year,
    cast(dt.amount_yen as bigint) as amount_yen,
    cast(dt.balance_yen as bigint) as balance_yen,
    cast(dt.balance_yen - dt.free_yen as bigint) as notified_yen,
    dt.interest_from_date,
    case when it.part_id is null then 0 else it.refund_interest_yen end as refund_interest_yen,
    dt.notified_date,
    dt.claimed_date,
    dt.claim_expires_on,
    case
        when dt.balance_yen = 0 then 'settled'
        when dt.claim_expires_on < {{ as_of_date() }} and dt.claimed_date is null then 'expired'
        when dt.free_yen > 0 then 'open'
        when dt.claimed_date is not null then 'claimed'
        else 'notified'
    end as state
from dated as dt
left join interest as it on it.part_id = dt.overpayment_id
{{ join_due_key('dt.due_no', 'ds', 'od') }}

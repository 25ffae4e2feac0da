-- One row per receipt and due paid while an earlier instalment was open.
-- Payments on a later instalment while an earlier one of the same notice was open: listed, and moved only by a
-- recorded decision, with the first 領収日 (it is 誤納 of the earlier one, not 予納: 法17条の3).
with notices as (
    select
        du.due_no,
        du.due_date,
        du.instalment_no,
        du.assessed_yen,
        du.principal_paid_yen,
        du.last_received_date,
        ds.series_no,
        du.notice_no
    from {{ ref('fct_dues') }} as du
    {{ join_due_series('du', 'ds') | indent(4) }}
    where du.state <> 'cancelled'
),

-- Only a due that is open, or was paid after its day, can have been passed over.
late as (
    select nt.*
    from notices as nt
    where nt.assessed_yen > nt.principal_paid_yen or nt.last_received_date > nt.due_date
),

later as (
    select
        lt.due_no as open_due_no,
        lt.due_date as open_due_date,
        lt.assessed_yen as open_assessed_yen,
        nt.due_no as paid_due_no
    from notices as nt
    inner join late as lt
        on lt.series_no = nt.series_no and lt.notice_no = nt.notice_no and lt.instalment_no < nt.instalment_no and lt.due_date < nt.due_date
),

receipts as (
    select
        lr.open_due_no,
        lr.open_due_date,
        lr.open_assessed_yen,
        lr.paid_due_no,
        pa.load_id,
        pa.source_line,
        pa.received_date,
        pa.posted_date,
        {{ sum_yen('pa.principal_yen') }} as principal_yen
    from {{ ref('int_principal_allocations') }} as pa
    inner join later as lr on lr.paid_due_no = pa.due_no
    where pa.entry_kind = 'receipt' and pa.principal_yen > 0
    group by lr.open_due_no, lr.open_due_date, lr.open_assessed_yen, lr.paid_due_no, pa.load_id, pa.source_line,
        pa.received_date, pa.posted_date
),

paid_by_then as (
    select
        rc.open_due_no,
        rc.paid_due_no,
        rc.load_id,
        rc.source_line,
        {{ sum_yen('pa.principal_yen') }} as paid_yen
    from receipts as rc
    inner join {{ ref('int_principal_allocations') }} as pa
        on pa.due_no = rc.open_due_no and pa.received_date <= rc.received_date
    group by rc.open_due_no, rc.paid_due_no, rc.load_id, rc.source_line
),

open_then as (
    select
        rc.*,
        rc.open_assessed_yen - coalesce(pd.paid_yen, 0) as open_yen,
        row_number() over (
            partition by rc.load_id, rc.source_line, rc.paid_due_no order by rc.open_due_date, rc.open_due_no
        ) as age_order
    from receipts as rc
    left join paid_by_then as pd
        on pd.open_due_no = rc.open_due_no and pd.paid_due_no = rc.paid_due_no
        and pd.load_id = rc.load_id and pd.source_line = rc.source_line
    where rc.open_assessed_yen > coalesce(pd.paid_yen, 0)
)

select
    concat_ws('-', ot.load_id, ot.source_line) as receipt_id,
    {{ due_key_of('ot.paid_due_no', 'ds', 'od') }} as paid_due_key,
    {{ due_key_of('ot.open_due_no', 'os', 'oo') }} as open_due_key,
    ot.received_date,
    ot.posted_date,
    ot.principal_yen,
    cast(ot.open_yen as bigint) as open_yen,
    cast(least(ot.principal_yen, ot.open_yen) as bigint) as movable_yen,
    -- The earlier one could still be paid in time: most likely the wrong slip was taken.
    ot.open_due_date >= ot.received_date as is_before_due_date
from open_then as ot
{{ join_due_key('ot.paid_due_no', 'ds', 'od') }}
{{ join_due_key('ot.open_due_no', 'os', 'oo') }}
where ot.age_order = 1

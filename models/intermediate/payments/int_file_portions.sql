-- One row per payment of a file and due that it names.
-- What each payment of a file pays on each due that it names.
--   is_split: a slip paid by its day as printed says itself what is principal, fee and late charge.
--   offered_yen: the money meant for the principal first (the printed principal, or all of it where there is no split).
with matched as (
    select mt.*
    from {{ ref('int_payments_matched') }} as mt
    where mt.match_method not in ('suspense', 'addressee')
),

slip_payments as (
    select
        mt.load_id,
        mt.source_line,
        row_number() over (
            partition by mt.slip_no, mt.record_status
            order by {{ receipt_order('mt') }}
        ) as payment_no
    from matched as mt
    where mt.slip_no is not null
),

slip_lines as (
    select
        mt.load_id,
        mt.source_line,
        sl.due_no,
        sl.line_no,
        mt.amount_yen,
        sl.principal_yen,
        sl.reminder_fee_yen,
        sl.late_charge_yen,
        sl.principal_yen + sl.reminder_fee_yen + sl.late_charge_yen as line_yen,
        sum(sl.principal_yen + sl.reminder_fee_yen + sl.late_charge_yen) over (
            partition by mt.load_id, mt.source_line
        ) as slip_yen,
        coalesce(sum(sl.principal_yen + sl.reminder_fee_yen + sl.late_charge_yen) over (
            partition by mt.load_id, mt.source_line
            order by sl.line_no
            rows between unbounded preceding and 1 preceding
        ), 0) as lines_before_yen,
        row_number() over (partition by mt.load_id, mt.source_line order by sl.line_no desc) as lines_to_end,
        sum(sl.reminder_fee_yen + sl.late_charge_yen) over (partition by mt.load_id, mt.source_line) as printed_charges_yen,
        -- In time; the first payment of the slip (a second one owes nothing that is printed); and no reduction since,
        -- for that reckons everything anew (LAW §1.2-9).
        case
            when mt.received_date <= sl.pay_by_date
                and fs.payment_no = 1
                and (du.last_reduced_date is null or du.last_reduced_date < mt.received_date) then 1
            else 0
        end as is_in_time
    from matched as mt
    inner join slip_payments as fs on fs.load_id = mt.load_id and fs.source_line = mt.source_line
    inner join {{ ref('stg_slips') }} as sl on sl.slip_no = mt.slip_no
    inner join {{ ref('int_dues') }} as du on du.due_no = sl.due_no
),

-- A slip of several dues is filled line by line; what is over the printed total stays with the last line.
slip_portions as (
    select
        ln.load_id,
        ln.source_line,
        ln.due_no,
        ln.line_no,
        cast(case
            when ln.lines_to_end = 1 then greatest(ln.amount_yen - ln.lines_before_yen, 0)
            else least(greatest(ln.amount_yen - ln.lines_before_yen, 0), ln.line_yen)
        end as bigint) as portion_yen,
        ln.principal_yen,
        ln.reminder_fee_yen,
        ln.late_charge_yen,
        -- Paid in full by its day, with charges printed on it: the printed amounts are the dues' (LAW §1.2-10).
        case
            when ln.is_in_time = 1 and ln.amount_yen = ln.slip_yen and ln.printed_charges_yen > 0 then 1
            else 0
        end as is_honoured
    from slip_lines as ln
),

from_files as (
    select
        mt.load_id,
        mt.source_line,
        mt.load_rank,
        coalesce(sp.due_no, mt.due_no) as due_no,
        mt.record_status,
        mt.channel_code,
        mt.branch_code,
        mt.received_date,
        mt.posted_date,
        case
            when sp.is_honoured = 1 then sp.principal_yen
            else coalesce(sp.portion_yen, mt.amount_yen)
        end as offered_yen,
        case when sp.is_honoured = 1 then sp.reminder_fee_yen else 0 end as split_reminder_fee_yen,
        case when sp.is_honoured = 1 then sp.late_charge_yen else 0 end as split_late_charge_yen,
        coalesce(sp.is_honoured, 0) as is_honoured,
        row_number() over (partition by mt.load_id, mt.source_line order by sp.line_no) as portion_no
    from matched as mt
    left join slip_portions as sp on sp.load_id = mt.load_id and sp.source_line = mt.source_line
    where sp.load_id is null or sp.portion_yen > 0
)

select
    ff.load_id,
    ff.source_line,
    cast(ff.portion_no as integer) as portion_no,
    ff.load_rank,
    ff.record_status,
    ff.due_no,
    ff.channel_code,
    ff.branch_code,
    ff.received_date,
    ff.posted_date,
    ff.is_honoured,
    ff.offered_yen,
    ff.split_reminder_fee_yen,
    ff.split_late_charge_yen
from from_files as ff

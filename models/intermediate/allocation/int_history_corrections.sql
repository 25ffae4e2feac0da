-- One row per entry (収納区分 1, 7) that corrections (6) take back, and one per correction that matches none.
-- Corrections (収納区分 6): money on a due (1, 7) net of them; a correction that repeats the nine amounts of an offset (3)
-- or a reallocation (5) with the other sign takes that entry back whole. A correction names its row by the row's own
-- key where the extract has it, else by the due: then it is the latest row of equal amounts before it.
with history as (
    select * from {{ ref('stg_receipt_history') }}
),

corrections as (
    select * from history as hs
    where hs.receipt_type_code = '6'
),

candidates as (
    select
        co.load_id as correction_load_id,
        co.source_line as correction_source_line,
        hs.load_id,
        hs.source_line,
        row_number() over (
            partition by co.load_id, co.source_line
            order by
                case
                    when hs.principal_yen + co.principal_yen = 0 and hs.reminder_fee_yen + co.reminder_fee_yen = 0
                        and hs.late_charge_yen + co.late_charge_yen = 0 then 0
                    else 1
                end,
                hs.posted_date desc, hs.load_rank, hs.source_line
        ) as choice_no
    from corrections as co
    inner join history as hs
        on hs.due_no = co.corrected_due_no
        and hs.posted_date <= co.posted_date
        and (
            (hs.receipt_type_code in ('1', '7') and {{ nine_amounts('co') }} = 0)
            or (hs.receipt_type_code in ('3', '5') and {{ nine_amounts('co') }} <> 0
                and {{ nine_amounts('hs') }} + {{ nine_amounts('co') }} = 0)
        )
        and (
            co.corrected_posted_date is null
            or (
                hs.posted_date = co.corrected_posted_date
                and hs.branch_code = co.corrected_branch_code
                and hs.book_no = co.corrected_book_no
                and hs.entry_no = co.corrected_entry_no
                and hs.entry_line_no = co.corrected_entry_line_no
            )
        )
),

chosen as (
    select
        cd.load_id,
        cd.source_line,
        {{ sum_yen('co.principal_yen') }} as principal_yen,
        {{ sum_yen('co.reminder_fee_yen') }} as reminder_fee_yen,
        {{ sum_yen('co.late_charge_yen') }} as late_charge_yen,
        max(co.posted_date) as corrected_date
    from candidates as cd
    inner join corrections as co
        on co.load_id = cd.correction_load_id and co.source_line = cd.correction_source_line
    where cd.choice_no = 1
    group by cd.load_id, cd.source_line
),

unresolved as (
    select
        co.load_id,
        co.source_line
    from corrections as co
    left join candidates as cd
        on cd.correction_load_id = co.load_id and cd.correction_source_line = co.source_line
    where cd.load_id is null
)

select
    ch.load_id,
    ch.source_line,
    ch.principal_yen,
    ch.reminder_fee_yen,
    ch.late_charge_yen,
    ch.corrected_date,
    'corrected' as correction_state
from chosen as ch
union all
select
    ur.load_id,
    ur.source_line,
    cast(0 as bigint) as principal_yen,
    cast(0 as bigint) as reminder_fee_yen,
    cast(0 as bigint) as late_charge_yen,
    cast(null as date) as corrected_date,
    'unresolved' as correction_state
from unresolved as ur

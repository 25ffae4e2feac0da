-- A write-off of a due that is not in 調定, or that takes more than was left: the core system wrote off what was not owed.
-- What is left is written off, no more. A warning, read by the officer for 不納欠損, who asks for a correction. One row per
-- disposition.
{{ config(severity='warn') }}
select
    wo.load_id,
    wo.source_line,
    wo.due_no,
    wo.principal_yen,
    pa.principal_yen as taken_yen
from {{ ref('int_write_offs') }} as wo
left join {{ ref('int_dues') }} as du on du.due_no = wo.due_no
left join {{ ref('int_principal_allocations') }} as pa
    on pa.load_id = wo.load_id and pa.source_line = wo.source_line and pa.entry_kind = 'write_off'
where du.due_no is null or coalesce(pa.principal_yen, 0) <> wo.principal_yen

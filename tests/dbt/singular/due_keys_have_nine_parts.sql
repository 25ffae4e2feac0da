-- A due_key is its nine parts joined with '-': a part that holds a '-' itself makes a key that cannot be taken apart again,
-- and two dues may get one.
-- A failure: a layout of the office lets a '-' into a 通知書番号 or another part. Who looks: who wrote that layout. One row per
-- assessment event.
select
    ld.source_file,
    ae.source_line,
    ae.due_key
from {{ ref('stg_assessments') }} as ae
inner join {{ ref('stg_loads') }} as ld on ld.load_id = ae.load_id
where length(ae.due_key) - length(replace(ae.due_key, '-', '')) <> {{ due_key_parts() | length - 1 }}

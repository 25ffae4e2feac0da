-- A due_key is its nine parts joined with '-': a part that holds a '-' itself makes a key that cannot be taken apart again,
-- and two dues may get one. A notice and instalment that are digits hold none, so the few combinations tell all.
-- A failure: a layout of the office lets a '-' into a 通知書番号 or another part. Who looks: who wrote that layout. One row per
-- combination of the first seven parts, and per key whose notice or instalment is written otherwise.
select
    {%- for part in due_key_parts() %}
    dn.{{ part }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref('stg_due_names') }} as dn
where concat({% for part in due_key_parts() %}coalesce(dn.{{ part }}, ''){{ ', ' if not loop.last }}{% endfor %}) like '%-%'

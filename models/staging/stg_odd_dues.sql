-- One row per key that is not regular.
-- Keys of dues whose notice or instalment is no number of the usual length, with the numbers that they have in this
-- build.
select
    {{ negative_hash(due_key('dn')) }} as due_no,
    {{ due_key('dn') }} as due_key,
    {%- for part in due_key_parts() %}
    dn.{{ part }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref('stg_due_names') }} as dn
where dn.notice_no is not null

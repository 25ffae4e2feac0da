-- One row per first seven parts of a due key, and per key that is not regular.
-- The first seven parts of the due keys that landing names; of a key whose notice or instalment is no number of the
-- usual length, these too.
{% set named = [
    ('assessments', ''), ('receipts', ''), ('receipts', 'offset_'), ('receipts', 'corrected_'), ('slips', ''),
    ('reminders', ''), ('core_dispositions', ''), ('decisions', ''), ('decisions', 'offset_'),
    ('overpayment_notices', '')
] %}
{% for one in payment_sources() if one.names_dues %}{% set _ = named.append((one.landing_table, '')) %}{% endfor -%}
with named as (
    {%- for table, prefix in named %}
    select distinct
        {%- for part in due_series_parts() %}
        rw.{{ prefix }}{{ part }} as {{ part }},
        {%- endfor %}
        {{ odd_part('rw.' ~ prefix, 'notice_no') }} as notice_no,
        {{ odd_part('rw.' ~ prefix, 'instalment_no') }} as instalment_no
    from {{ source('landing', table) }} as rw
    where rw.{{ prefix }}notice_no is not null
    union all
    {%- endfor %}
    select distinct
        {%- for part in due_series_parts() %}
        rw.{{ part }},
        {%- endfor %}
        {{ odd_part('rw.', 'notice_no') }} as notice_no,
        {{ odd_part('rw.', 'instalment_no') }} as instalment_no
    from (
        select
            {%- for part in due_key_parts() %}
            split_part(cf.due_key, '-', {{ loop.index }}) as {{ part }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ source('landing', 'closing_flows') }} as cf
    ) as rw
)

select distinct
    {%- for part in due_series_parts() %}
    nm.{{ part }},
    {%- endfor %}
    nm.notice_no,
    nm.instalment_no
from named as nm

-- One row per visit of one addressee.
{% set key = ['note_no'] -%}
with current_rows as (
    {{ current_rows('counter_notes', key, key + ['addressee_no', 'visited_date', 'subject_code']) | indent(4) }}
)

select
    cr.note_no,
    cr.addressee_no,
    cr.visited_date,
    cr.subject_code,
    cr.load_id,
    cr.source_line
from current_rows as cr
where {{ not_later('cr.visited_date') }}

-- One row per fiscal year whose books were closed by as_of_date.
with current_rows as (
    {{ current_rows('closings', ['fiscal_year'], [
        'fiscal_year', 'closed_date', 'as_of_date', 'known_at', 'lines_sha256', 'flows_sha256', 'drafted_by', 'approved_by'
    ]) | indent(4) }}
)

select
    cr.fiscal_year,
    cr.closed_date,
    cr.as_of_date as closed_as_of_date,
    cr.known_at as closed_known_at,
    cr.lines_sha256,
    cr.flows_sha256,
    cr.drafted_by,
    cr.approved_by,
    cr.load_id,
    cr.source_line
from current_rows as cr
where {{ not_later('cr.closed_date') }} and cr.approved_by is not null

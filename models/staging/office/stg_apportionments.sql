-- One row per levy year, tax item, row of the form and day from which it applies.
{% set key = ['levy_year', 'tax_item_code', 'form_row', 'valid_from'] -%}
with current_rows as (
    {{ current_rows('apportionments', key, key + ['body_code', 'numerator', 'denominator']) | indent(4) }}
)

select
    cast(cr.levy_year as bigint) as levy_year,
    cr.tax_item_code,
    cr.form_row as delivered_row,
    cr.valid_from,
    case cr.body_code when '1' then 'city' when '2' then 'prefecture' else 'state' end as body,
    cr.numerator,
    cr.denominator,
    cr.load_id,
    cr.source_line
from current_rows as cr

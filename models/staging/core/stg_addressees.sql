-- One row per addressee number.
-- Who is registered, by number alone: names and addresses stay in landing and in the vault. load_id and source_line
-- say where the row in force stands.
with current_rows as (
    {{ current_rows('addressees', ['addressee_no'], [
        'addressee_no', 'resident_class_code', 'merged_into_addressee_no', 'heir_addressee_no'
    ]) | indent(4) }}
)

select
    cr.addressee_no,
    cr.resident_class_code,
    cr.merged_into_addressee_no,
    cr.heir_addressee_no,
    cr.load_id,
    cr.source_line
from current_rows as cr

-- One row per disposition of a due that stands as of the build.
with current_rows as (
    {{ current_rows('core_dispositions', due_key_parts() + ['disposition_date', 'disposition_code', 'disposition_no'],
        due_key_parts() + [
            'disposition_date', 'disposition_code', 'disposition_no', 'cancelled_date', 'disposed_principal_yen',
            'disposed_reminder_fee_yen', 'disposed_late_charge_yen'
        ]) | indent(4) }}
)

select
    {{ due_no('cr', 'ds') }} as due_no,
    cr.disposition_date,
    cr.disposition_code,
    cr.disposition_no,
    cr.disposed_principal_yen,
    cr.disposed_reminder_fee_yen,
    cr.disposed_late_charge_yen,
    cr.load_id,
    cr.source_line,
    cr.load_rank
from current_rows as cr
{{ join_due_series('cr', 'ds') }}
where
    {{ not_later('cr.disposition_date') }}
    and (cr.cancelled_date is null or cr.cancelled_date > {{ as_of_date() }})

with current_rows as (
    {{ current_rows('reminders', due_key_parts() + ['sent_date'], due_key_parts() + [
        'sent_date', 'reminder_fee_yen', 'withheld_code'
    ]) | indent(4) }}
)

select
    {{ due_key('cr') }} as due_key,
    cr.levy_year,
    cr.tax_year,
    cr.sent_date,
    cr.reminder_fee_yen
from current_rows as cr
where cr.sent_date <= {{ as_of_date() }} and cr.withheld_code is null

-- One row per slip and due printed on it.
with current_rows as (
    {{ current_rows('slips', ['slip_no', 'line_no'], ['slip_no', 'line_no'] + due_key_parts() + [
        'issued_date', 'slip_type_code', 'principal_yen', 'reminder_fee_yen', 'late_charge_yen', 'pay_by_date',
        'cvs_barcode', 'ocr_upper', 'ocr_lower', 'biller_no', 'payment_no', 'confirmation_no', 'payment_class'
    ]) | indent(4) }}
)

select
    cr.slip_no,
    cast(cr.line_no as integer) as line_no,
    {{ due_no('cr', 'ds') }} as due_no,
    cr.issued_date,
    cr.slip_type_code,
    cr.principal_yen,
    coalesce(cr.reminder_fee_yen, 0) as reminder_fee_yen,
    coalesce(cr.late_charge_yen, 0) as late_charge_yen,
    cr.pay_by_date,
    cr.ocr_upper,
    cr.ocr_lower,
    case
        when cr.payment_no is not null
            then concat_ws('-', cr.biller_no, cr.payment_no, cr.confirmation_no, cr.payment_class)
    end as el_no,
    cr.load_id,
    cr.source_line
from current_rows as cr
{{ join_due_series('cr', 'ds') }}

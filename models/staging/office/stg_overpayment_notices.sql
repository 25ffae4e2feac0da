-- One row per notice.
-- Refunds that payers were told of by the build's day; what happened to them later does not exist yet. A transfer that
-- had come back by then (振込不能) has paid nothing: its notice waits for its payment again (docs/decisions/0018).
{% set key = ['overpayment_notice_no'] -%}
with current_rows as (
    {{ current_rows('overpayment_notices', key, key + due_key_parts() + [
        'decision_no', 'component_code', 'addressee_no', 'amount_yen', 'cause_code', 'fiscal_year', 'notified_date',
        'claimed_date', 'decided_date', 'refund_interest_yen', 'paid_date', 'notice_type_code',
        'returned_date'
    ]) | indent(4) }}
),

known as (
    select
        rw.*,
        case
            when rw.paid_date <= {{ as_of_date() }} and coalesce(rw.returned_date > {{ as_of_date() }}, true) then 1 else 0
        end as is_paid
    from current_rows as rw
)

select
    cr.overpayment_notice_no,
    cr.decision_no,
    {{ due_key('cr') }} as due_key,
    {{ due_no('cr', 'ds') }} as due_no,
    cr.component_code,
    cr.addressee_no,
    cr.amount_yen,
    cr.cause_code,
    cr.fiscal_year,
    cr.notified_date,
    case when cr.claimed_date <= {{ as_of_date() }} then cr.claimed_date end as claimed_date,
    case when cr.is_paid = 1 then cr.decided_date end as decided_date,
    case when cr.is_paid = 1 then cr.refund_interest_yen else 0 end as refund_interest_yen,
    case when cr.is_paid = 1 then cr.paid_date end as paid_date,
    cr.load_id,
    cr.source_line,
    cr.load_rank
from known as cr
{{ join_due_series('cr', 'ds') }}
-- a notice from before there were kinds of them is of a refund
where {{ not_later('cr.notified_date') }} and coalesce(cr.notice_type_code, '1') = '1'

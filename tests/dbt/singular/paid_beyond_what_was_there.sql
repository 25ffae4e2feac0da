-- A refund was paid out for more than was overpaid on its due then: the money has left, so it is booked whole and the
-- difference is owed again.
-- A warning, read by the officer for 過誤納, who asks for it back. One row per notice.
{{ config(severity='warn') }}
select
    dl.decision_no,
    dl.line_no,
    dl.overpayment_notice_no,
    dl.due_key,
    dl.amount_yen,
    dl.beyond_yen
from {{ ref('fct_decision_lines') }} as dl
where dl.beyond_yen > 0

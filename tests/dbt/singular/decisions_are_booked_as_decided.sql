-- A decision or notice was for more than was there at its moment: the rest is not booked (fct_decision_lines says why).
-- A warning, read by the officer for 過誤納, who takes the decision back or drafts it anew. One row per line.
{{ config(severity='warn') }}
select
    dl.decision_no,
    dl.line_no,
    dl.overpayment_notice_no,
    dl.due_key,
    dl.amount_yen,
    dl.refused_yen,
    dl.reason
from {{ ref('fct_decision_lines') }} as dl
where dl.refused_yen > 0

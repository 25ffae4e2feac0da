-- One row per deposit in suspense and candidate.
-- What a deposit in suspense may be meant for, best first, for a person to decide.
with candidates as (
    select
        dc.load_id,
        dc.source_line,
        dc.candidate_no,
        min(dc.addressee_no) as addressee_no,
        count(*) as due_count,
        {{ text_list(due_key_of('dc.due_no', 'ds', 'od'), 'dc.line_no') }} as due_keys,
        max(dc.name_score) as name_score,
        max(dc.date_score) as date_score,
        max(dc.score) as score,
        min(dc.state) as reason_code
    from {{ ref('int_deposit_candidates') }} as dc
    {{ join_due_key('dc.due_no', 'ds', 'od') | indent(4) }}
    group by dc.load_id, dc.source_line, dc.candidate_no
)

select
    concat_ws('-', cd.load_id, cd.source_line) as receipt_id,
    cast(cd.candidate_no as bigint) as candidate_no,
    cd.addressee_no,
    cast(cd.due_count as bigint) as due_count,
    cd.due_keys,
    sp.amount_yen,
    cd.name_score,
    cd.date_score,
    cd.score,
    cd.reason_code,
    cr.reason
from candidates as cd
inner join {{ ref('int_suspense') }} as sp on sp.load_id = cd.load_id and sp.source_line = cd.source_line
inner join {{ ref('candidate_reasons') }} as cr on cr.reason_code = cd.reason_code

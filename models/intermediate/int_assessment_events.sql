-- The events of assessments that hold, once: the dues and the movements both stand on them. One row per event.
select
    ae.due_no,
    ae.series_no,
    ae.tax_item_code,
    ae.levy_year,
    ae.tax_year,
    ae.notice_no,
    ae.instalment_no,
    ae.assessment_event_no,
    ae.addressee_no,
    ae.event_type_code,
    ae.assessed_date,
    ae.delta_yen,
    ae.statutory_due_date,
    ae.due_date,
    ae.notified_date,
    ae.reason_code,
    ae.claim_date,
    ae.income_tax_notice_date,
    ae.load_id,
    ae.source_line
from {{ ref('stg_assessments') }} as ae

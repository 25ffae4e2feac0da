-- A due whose reductions come to more than its assessment: the core system delivered a wrong change. The books hold it at
-- 0. A warning, read by the head of 収納係, who asks the tax section for a correction. One row per due.
{{ config(severity='warn') }}
select
    du.due_no,
    du.delivered_assessed_yen
from {{ ref('int_dues') }} as du
where du.delivered_assessed_yen < 0

-- 速報 stand apart: provisional movements are the amounts of provisional receipts that found their due, and
-- fct_dues.provisional_paid_yen is their sum.
-- A failure: provisional money has leaked into the books, or a due shows money that no 速報 reports. Who looks: the
-- developer on duty. One row per comparison that fails.
with movements as (
    select coalesce({{ sum_yen('mv.amount_yen') }}, 0) as yen
    from {{ ref('fct_movements') }} as mv
    where mv.is_provisional
),

receipts as (
    select coalesce({{ sum_yen('rc.amount_yen') }}, 0) as yen
    from {{ ref('fct_receipts') }} as rc
    where rc.record_status = 'provisional' and rc.due_count > 0
),

dues as (
    select coalesce({{ sum_yen('du.provisional_paid_yen') }}, 0) as yen
    from {{ ref('fct_dues') }} as du
)

select
    mv.yen as movements_yen,
    rc.yen as receipts_yen,
    du.yen as dues_yen
from movements as mv
cross join receipts as rc
cross join dues as du
where mv.yen <> rc.yen or mv.yen <> du.yen

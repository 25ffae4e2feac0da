-- What is left in suspense is what came in less what was put on dues by decision; nothing leaves without arriving.
-- A failure: money left suspense and reached no due, or an item was put on dues twice. Who looks: the officer for 不明金, then
-- the developer on duty. One row if the sums differ.
with sums as (
    select
        (
            select coalesce({{ sum_yen('sp.balance_yen') }}, 0)
            from {{ ref('fct_suspense') }} as sp
        ) as balance_yen,
        (
            select coalesce({{ sum_yen('mv.amount_yen * ef.suspense') }}, 0)
            from {{ ref('fct_movements') }} as mv
            inner join {{ ref('movement_effects') }} as ef on ef.movement_type = mv.movement_type
            where mv.movement_type in ('suspended_in', 'suspended_out')
        ) as moved_yen
)

select
    sm.balance_yen,
    sm.moved_yen
from sums as sm
where sm.balance_yen <> sm.moved_yen

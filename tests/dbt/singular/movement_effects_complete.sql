-- Every kind of movement has exactly one row of signs in the seed movement_effects.
-- A failure: a new movement type has no sign yet, or two rows claim it; sums over the day-book would be wrong. Who looks:
-- the developer who added it. One row per kind.
with combinations as (
    select distinct
        mv.movement_type,
        coalesce(mv.direction, '') as direction,
        coalesce(mv.budget_side, '') as budget_side,
        mv.component
    from {{ ref('fct_movements') }} as mv
)

select
    cb.movement_type,
    cb.direction,
    cb.budget_side,
    cb.component,
    count(ef.movement_type) as effect_count
from combinations as cb
left join {{ ref('movement_effects') }} as ef
    on ef.movement_type = cb.movement_type
    and coalesce(ef.direction, '') = cb.direction
    and coalesce(ef.budget_side, '') = cb.budget_side
    and ef.component_class = case when cb.component = 'refund_interest' then 'refund_interest' else 'tax' end
group by cb.movement_type, cb.direction, cb.budget_side, cb.component
having count(ef.movement_type) <> 1

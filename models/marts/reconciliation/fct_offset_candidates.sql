-- One row per overpayment, due and component that the overpayment may be set against.
-- What an open overpayment may be set against, in legal order (地方税法17条の2): every open tax of the same payer that has
-- reached its 充当適状日, then its reminder fee and late charge.
--   suitable_date: 充当適状日, the later of the day the overpayment arose and the day the due could be claimed (施行令6条の14);
--   late charge and refund interest both end there. Late charges are reckoned as they will be once the tax is paid.
with sources as (
    select
        op.overpayment_id,
        op.addressee_no,
        op.arisen_date,
        op.interest_from_date,
        op.balance_yen - op.notified_yen as free_yen,
        sum(op.balance_yen - op.notified_yen) over (
            partition by op.addressee_no order by op.received_date, op.overpayment_id
            rows between unbounded preceding and current row
        ) as to_yen
    from {{ ref('fct_overpayments') }} as op
    where op.state = 'open'
),

payers as (
    select
        sc.addressee_no,
        max(sc.arisen_date) as last_arisen_date
    from sources as sc
    group by sc.addressee_no
),

owing as (
    select du.*
    from {{ ref('fct_dues') }} as du
    inner join payers as py on py.addressee_no = du.addressee_no
    where
        du.principal_balance_yen > 0
        or du.reminder_fee_yen > du.reminder_fee_paid_yen + du.reminder_fee_written_off_yen
        or du.late_charge_balance_yen > 0
),

-- A tax fixed after its 法定納期限 can be claimed from its notice on, any other from its 納期限 on.
noticed as (
    select
        ow.due_no,
        min(coalesce(ev.notified_date, ev.assessed_date)) as noticed_date
    from owing as ow
    inner join {{ ref('stg_assessments') }} as ev on ev.due_no = ow.due_no
    group by ow.due_no
),

claimable as (
    select
        ow.*,
        case when ow.first_assessed_date > ow.statutory_due_date then nc.noticed_date else ow.due_date end
            as claimable_date,
        row_number() over (partition by ow.addressee_no order by {{ spread_order('ow') }}, ow.due_no) as order_no
    from owing as ow
    inner join noticed as nc on nc.due_no = ow.due_no
),

targets as (
    select cl.*
    from claimable as cl
    where cl.claimable_date <= {{ as_of_date() }}
),

-- The tax first: intervals of the payer's overpayments against intervals of his taxes, both in order.
taxes as (
    select
        tg.due_no,
        tg.addressee_no,
        tg.claimable_date,
        tg.principal_balance_yen,
        sum(tg.principal_balance_yen) over (
            partition by tg.addressee_no order by tg.order_no rows between unbounded preceding and current row
        ) as to_yen
    from targets as tg
),

tax_offsets as (
    select
        tx.due_no,
        sc.overpayment_id,
        greatest(tx.claimable_date, sc.arisen_date) as suitable_date,
        least(tx.to_yen, sc.to_yen) - greatest(tx.to_yen - tx.principal_balance_yen, sc.to_yen - sc.free_yen)
            as amount_yen
    from taxes as tx
    inner join sources as sc
        on sc.addressee_no = tx.addressee_no
        and least(tx.to_yen, sc.to_yen) > greatest(tx.to_yen - tx.principal_balance_yen, sc.to_yen - sc.free_yen)
),

offset_totals as (
    select
        tf.due_no,
        {{ sum_yen('tf.amount_yen') }} as amount_yen,
        max(tf.suitable_date) as last_suitable_date
    from tax_offsets as tf
    group by tf.due_no
),

-- Taxes that are paid by it: their late charge ends with the last offset.
cleared as (
    select
        tg.due_no,
        tg.assessed_yen as principal_yen,
        tg.due_date,
        ti.low_rate_months,
        ti.rate_family,
        ot.last_suitable_date as accrue_to
    from targets as tg
    inner join offset_totals as ot on ot.due_no = tg.due_no and ot.amount_yen = tg.principal_balance_yen
    inner join {{ ref('tax_items') }} as ti on ti.tax_item_code = tg.tax_item_code
),

cleared_payments as (
    {{ principal_payments('cleared') }}
    union all
    select
        tf.due_no,
        tf.suitable_date as received_date,
        tf.amount_yen as principal_yen
    from tax_offsets as tf
    inner join cleared as cd on cd.due_no = tf.due_no
),

cleared_charges as (
    {{ late_charge_by_due('cleared', 'cleared_payments') | indent(4) }}
),

items as (
    select
        tg.addressee_no,
        tg.due_no,
        tg.claimable_date,
        '1' as component_code,
        1 as component_order,
        tg.order_no,
        tg.principal_balance_yen as open_yen
    from targets as tg
    union all
    select
        tg.addressee_no,
        tg.due_no,
        tg.claimable_date,
        '2' as component_code,
        2 as component_order,
        tg.order_no,
        tg.reminder_fee_yen - tg.reminder_fee_paid_yen - tg.reminder_fee_written_off_yen as open_yen
    from targets as tg
    union all
    select
        tg.addressee_no,
        tg.due_no,
        tg.claimable_date,
        '3' as component_code,
        3 as component_order,
        tg.order_no,
        case
            when tg.principal_balance_yen = 0 then tg.late_charge_balance_yen
            when cd.due_no is null then 0
            else greatest(coalesce(cc.late_charge_yen, 0) - tg.late_charge_paid_yen, 0)
        end as open_yen
    from targets as tg
    left join cleared as cd on cd.due_no = tg.due_no
    left join cleared_charges as cc on cc.due_no = tg.due_no
),

ranked as (
    select
        im.*,
        sum(im.open_yen) over (
            partition by im.addressee_no order by im.component_order, im.order_no
            rows between unbounded preceding and current row
        ) as to_yen
    from items as im
    where im.open_yen > 0
),

offsets as (
    select
        rk.addressee_no,
        sc.overpayment_id,
        rk.due_no,
        rk.component_code,
        rk.component_order,
        rk.order_no,
        sc.interest_from_date,
        greatest(rk.claimable_date, sc.arisen_date) as suitable_date,
        least(rk.to_yen, sc.to_yen) - greatest(rk.to_yen - rk.open_yen, sc.to_yen - sc.free_yen) as amount_yen
    from ranked as rk
    inner join sources as sc
        on sc.addressee_no = rk.addressee_no
        and least(rk.to_yen, sc.to_yen) > greatest(rk.to_yen - rk.open_yen, sc.to_yen - sc.free_yen)
),

-- Interest is reckoned once on all that goes on one day, and stands on the first line of it.
parts as (
    select
        concat_ws('-', ff.overpayment_id, ff.suitable_date) as part_id,
        {{ sum_yen('ff.amount_yen') }} as principal_yen,
        min(ff.interest_from_date) as from_date,
        ff.suitable_date as to_date,
        cast(null as date) as pause_from,
        cast(null as date) as pause_to
    from offsets as ff
    group by ff.overpayment_id, ff.suitable_date
),

interest as (
    {{ refund_interest_by_part('parts') | indent(4) }}
),

ordered as (
    select
        ff.*,
        row_number() over (
            partition by ff.addressee_no order by ff.component_order, ff.order_no, ff.overpayment_id
        ) as offset_order,
        row_number() over (
            partition by ff.overpayment_id, ff.suitable_date order by ff.component_order, ff.order_no
        ) as order_on_day
    from offsets as ff
)

select
    od.overpayment_id,
    od.addressee_no,
    {{ due_key_of('od.due_no', 'ds', 'oy') }} as due_key,
    od.component_code,
    cast(od.offset_order as integer) as offset_order,
    od.suitable_date,
    cast(od.amount_yen as bigint) as amount_yen,
    case when od.order_on_day = 1 and it.part_id is not null then it.refund_interest_yen else 0 end
        as refund_interest_yen
from ordered as od
left join interest as it on it.part_id = concat_ws('-', od.overpayment_id, od.suitable_date)
{{ join_due_key('od.due_no', 'ds', 'oy') }}

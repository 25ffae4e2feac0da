-- Invariant 1 (DESIGN §3): the money in accepted final payment records is the cash effect of receipts, to the yen, by
-- file, channel and day. Counted here from landing, without the models under test: what landed and has no reason to be
-- kept out (landed_payments), of it the final records less re-sent ones, less those before their channel's go-live, less
-- as many of equal records as were taken back, less the bulk credits of channels; and 収納履歴 before go-live with its
-- corrections. What staging does not tell of a file stands as delivered without a channel and a day, and is found.
-- A failure: money was lost, counted twice or booked on another day. Who looks: the developer on duty, before anything is
-- published; `osame trace FILE` shows the file's records. One row per file, channel and day.
with delivered as (  -- records are told apart by a 64-bit hash of their identity: the text itself is ten times as wide
    select
        sr.load_id,
        sr.source_line,
        ld.load_rank,
        sr.entry_type,
        sr.channel_code,
        sr.received_date,
        sr.posted_date,
        sr.amount_yen,
        {{ hash64('sr.identity') }} as identity_hash,
        {{ hash64('coalesce(sr.reversal_key, sr.identity)') }} as reversed_hash
    from {{ ref('stg_payments') }} as sr
    inner join {{ ref('stg_loads') }} as ld on ld.load_id = sr.load_id
    where sr.stage = 'final'
),

resent as (
    select
        dl.identity_hash,
        dl.entry_type,
        min(dl.load_rank) as first_load_rank
    from delivered as dl
    group by dl.identity_hash, dl.entry_type
    having min(dl.load_rank) < max(dl.load_rank)
),

once as (
    select dl.*
    from delivered as dl
    left join resent as rs on rs.identity_hash = dl.identity_hash and rs.entry_type = dl.entry_type
    where rs.identity_hash is null or rs.first_load_rank = dl.load_rank
),

taken_back as (
    select
        oc.reversed_hash,
        count(*) as reversal_count
    from once as oc
    where oc.entry_type = 'reversal'
    group by oc.reversed_hash
),

numbered as (  -- only payments of which some were taken back need a number: the earliest were
    select
        oc.load_id,
        oc.source_line,
        tb.reversal_count,
        row_number() over (
            partition by oc.reversed_hash
            order by oc.posted_date, oc.received_date, oc.load_rank, oc.source_line
        ) as payment_no
    from once as oc
    inner join taken_back as tb on tb.reversed_hash = oc.reversed_hash
    where oc.entry_type = 'payment'
),

told as (
    select
        lp.load_id,
        lp.amount_yen
    from (
        {{ landed_payments() | indent(8) }}
    ) as lp
    where lp.kept_out is null
    union all
    select
        sr.load_id,
        - sr.amount_yen as amount_yen
    from {{ ref('stg_payments') }} as sr
),

unstaged as (
    select
        td.load_id,
        {{ sum_yen('td.amount_yen') }} as amount_yen
    from told as td
    inner join {{ ref('stg_loads') }} as ld on ld.load_id = td.load_id
    group by td.load_id
    having sum(td.amount_yen) <> 0
),

accepted as (
    select
        oc.load_id,
        oc.channel_code,
        oc.posted_date,
        oc.amount_yen
    from once as oc
    left join numbered as nm on nm.load_id = oc.load_id and nm.source_line = oc.source_line
    left join {{ ref('fct_remittances') }} as rm
        on rm.credit_load_id = oc.load_id and rm.credit_source_line = oc.source_line
    where
        oc.entry_type = 'payment'
        and oc.received_date >= {{ go_live('oc.channel_code') }}
        and (nm.load_id is null or nm.payment_no > nm.reversal_count)
        and rm.credit_load_id is null
    union all
    select
        us.load_id,
        cast(null as {{ dbt.type_string() }}) as channel_code,
        cast(null as date) as posted_date,
        us.amount_yen
    from unstaged as us
    union all
    select
        hs.load_id,
        hs.channel_code,
        hs.posted_date,
        hs.principal_yen + hs.reminder_fee_yen + hs.late_charge_yen
        + coalesce(co.principal_yen + co.reminder_fee_yen + co.late_charge_yen, 0) as amount_yen
    from {{ ref('stg_receipt_history') }} as hs
    left join {{ ref('int_history_corrections') }} as co on co.load_id = hs.load_id and co.source_line = hs.source_line
    where hs.receipt_type_code in ('1', '7') and hs.received_date < {{ go_live('hs.channel_code') }}
),

booked as (
    select
        mv.load_id,
        mv.channel_code,
        mv.posted_date,
        mv.movement_type,
        coalesce(mv.direction, '') as direction,
        {{ sum_yen('mv.amount_yen') }} as amount_yen
    from {{ ref('fct_movements') }} as mv
    where mv.movement_type in ('received', 'overpaid', 'suspended_in', 'suspended_out') and not mv.is_provisional
    group by mv.load_id, mv.channel_code, mv.posted_date, mv.movement_type, coalesce(mv.direction, '')
),

compared as (
    select
        ac.load_id,
        ac.channel_code,
        ac.posted_date,
        ac.amount_yen as delivered_yen,
        cast(0 as bigint) as booked_yen
    from accepted as ac
    union all
    select
        bk.load_id,
        bk.channel_code,
        bk.posted_date,
        cast(0 as bigint) as delivered_yen,
        bk.amount_yen * ef.cash as booked_yen
    from booked as bk
    left join {{ ref('movement_effects') }} as ef
        on ef.movement_type = bk.movement_type and coalesce(ef.direction, '') = bk.direction
)

select
    cp.load_id,
    cp.channel_code,
    cp.posted_date,
    {{ sum_yen('cp.delivered_yen') }} as delivered_yen,
    {{ sum_yen('cp.booked_yen') }} as booked_yen
from compared as cp
group by cp.load_id, cp.channel_code, cp.posted_date
having {{ sum_yen('cp.delivered_yen - coalesce(cp.booked_yen, 0)') }} <> 0 or count(*) > count(cp.booked_yen)

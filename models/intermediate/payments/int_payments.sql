-- One row per record of a payment file, with what became of it.
with numbered as (
    select
        dl.*,
        coalesce(dl.reversal_key, dl.identity) as reversed_by,
        ld.load_rank,
        -- The same record again in another file is a re-send: money once. Which file is "first" follows from content.
        min(ld.load_rank) over (partition by dl.identity, dl.entry_type, dl.stage) as first_load_rank,
        max(case when dl.stage = 'final' and dl.entry_type = 'payment' then 1 else 0 end) over (partition by dl.identity)
            as has_final
    from {{ ref('stg_payments') }} as dl
    inner join {{ ref('stg_loads') }} as ld on ld.load_id = dl.load_id
),

-- The n-th reversal of an identity takes back its n-th payment.
pairs as (
    select
        nm.*,
        -- each side is looked up under its own name, so that the joins below are on equality alone
        case when nm.entry_type = 'payment' then nm.reversed_by end as payment_key,
        case when nm.entry_type = 'reversal' then nm.reversed_by end as reversal_of_key,
        row_number() over (
            partition by nm.reversed_by, nm.stage, nm.entry_type, case when nm.load_rank = nm.first_load_rank then 1 else 0 end
            order by nm.posted_date, nm.received_date, nm.load_rank, nm.source_line
        ) as occurrence_no
    from numbered as nm
),

reversals as (
    select
        pr.reversed_by,
        pr.stage,
        pr.occurrence_no,
        pr.posted_date
    from pairs as pr
    where pr.entry_type = 'reversal' and pr.load_rank = pr.first_load_rank
),

reversed as (
    select
        pr.reversed_by,
        pr.stage,
        pr.occurrence_no
    from pairs as pr
    where pr.entry_type = 'payment' and pr.load_rank = pr.first_load_rank
),

final as (
    select
        pr.load_id,
        pr.source_line,
        pr.load_rank,
        pr.source_code,
        pr.entry_type,
        pr.channel_code,
        pr.branch_code,
        pr.received_date,
        pr.posted_date,
        pr.remittance_date,
        pr.remittance_group,
        pr.amount_yen,
        pr.due_no,
        pr.slip_no,
        pr.ocr_upper,
        pr.ocr_lower,
        pr.el_no,
        pr.customer_no,
        pr.addressee_no,
        case
            when pr.load_rank <> pr.first_load_rank then 'superseded'
            when pr.received_date < {{ go_live('pr.channel_code') }} then 'superseded'
            when pr.entry_type = 'reversal' then 'cancelled'
            when pr.stage = 'provisional' and pr.has_final = 1 then 'superseded'
            when rv.occurrence_no is not null then 'cancelled'
            else pr.stage
        end as record_status,
        case
            when pr.load_rank <> pr.first_load_rank then 'resent'
            when pr.received_date < {{ go_live('pr.channel_code') }} then 'before_go_live'
            when pr.entry_type = 'reversal' and rd.occurrence_no is null then 'reversal_without_record'
            when pr.entry_type = 'reversal' then 'reversal'
            when pr.stage = 'provisional' and pr.has_final = 1 then 'final_record_came'
            when rv.occurrence_no is not null then 'reversed'
        end as status_reason,
        case when pr.load_rank = pr.first_load_rank then rv.posted_date end as reversed_date
    from pairs as pr
    left join reversals as rv
        on rv.reversed_by = pr.payment_key
        and rv.stage = pr.stage
        and rv.occurrence_no = pr.occurrence_no
    left join reversed as rd
        on rd.reversed_by = pr.reversal_of_key
        and rd.stage = pr.stage
        and rd.occurrence_no = pr.occurrence_no
)

select * from final

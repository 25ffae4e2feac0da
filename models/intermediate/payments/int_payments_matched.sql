-- One row per payment that counts and is not a bulk credit.
-- Which due does a payment pay: the first tier that hits. match_method 'suspense' says why in suspense_reason.
with payments as (
    select pm.*
    from {{ ref('int_payments') }} as pm
    left join {{ ref('int_remittances') }} as rm
        on rm.credit_load_id = pm.load_id and rm.credit_source_line = pm.source_line
    where pm.record_status in ('final', 'provisional') and rm.credit_load_id is null
),

slips as (
    select
        sl.slip_no,
        min(sl.el_no) as el_no,
        min(sl.ocr_upper) as ocr_upper,
        min(sl.ocr_lower) as ocr_lower,
        count(*) as line_count,
        count(du.due_no) as known_count
    from {{ ref('stg_slips') }} as sl
    left join {{ ref('int_dues') }} as du on du.due_no = sl.due_no
    group by sl.slip_no
),

-- An eL番号 or OCR line that two slips share names neither.
slips_by_el_no as (
    select
        sl.el_no,
        min(sl.slip_no) as slip_no,
        count(*) as slip_count
    from slips as sl
    where sl.el_no is not null
    group by sl.el_no
),

slips_by_ocr as (
    select
        sl.ocr_upper,
        sl.ocr_lower,
        min(sl.slip_no) as slip_no,
        count(*) as slip_count
    from slips as sl
    where sl.ocr_lower is not null
    group by sl.ocr_upper, sl.ocr_lower
),

customers as (
    select distinct pm.customer_no
    from payments as pm
    where pm.customer_no is not null
),

customer_dues as (
    select
        cu.customer_no,
        min(du.due_no) as due_no,
        count(*) as due_count
    from customers as cu
    inner join {{ ref('int_dues') }} as du
        on {{ customer_no_names('cu.customer_no', 'du') }}
    group by cu.customer_no
),

payers as (
    select distinct du.addressee_no
    from {{ ref('int_dues') }} as du
),

resolved as (
    select
        pm.*,
        dg.due_no as given_due_no,
        coalesce(sn.slip_no, se.slip_no, so.slip_no) as resolved_slip_no,
        case
            when sn.slip_no is not null then 'slip'
            when se.slip_no is not null then 'el_no'
            when so.slip_no is not null then 'ocr'
        end as slip_method,
        cd.due_no as customer_due_no,
        pa.addressee_no as known_addressee_no,
        coalesce(cd.due_count, 0) as customer_due_count
    from payments as pm
    left join {{ ref('int_dues') }} as dg on dg.due_no = pm.due_no
    left join slips as sn on sn.slip_no = pm.slip_no
    left join slips_by_el_no as se on se.el_no = pm.el_no and se.slip_count = 1
    left join slips_by_ocr as so
        on so.ocr_upper = pm.ocr_upper and so.ocr_lower = pm.ocr_lower and so.slip_count = 1
    left join customer_dues as cd on cd.customer_no = pm.customer_no
    left join payers as pa on pa.addressee_no = pm.addressee_no
),

decided as (
    select
        rs.*,
        sl.line_count,
        case
            when rs.given_due_no is not null then 'due_key'
            when sl.line_count is not null and sl.line_count = sl.known_count then rs.slip_method
            when rs.customer_due_count = 1 then 'direct_debit'
            when rs.due_no is null and rs.slip_no is null and rs.el_no is null and rs.ocr_lower is null
                and rs.customer_no is null and rs.known_addressee_no is not null then 'addressee'
            else 'suspense'
        end as match_method
    from resolved as rs
    left join slips as sl on sl.slip_no = rs.resolved_slip_no
)

select
    dc.load_id,
    dc.source_line,
    dc.load_rank,
    dc.record_status,
    dc.source_code,
    dc.channel_code,
    dc.branch_code,
    dc.received_date,
    dc.posted_date,
    dc.amount_yen,
    dc.match_method,
    case dc.match_method when 'due_key' then dc.given_due_no when 'direct_debit' then dc.customer_due_no end as due_no,
    case when dc.match_method in ('slip', 'el_no', 'ocr') then dc.resolved_slip_no end as slip_no,
    case when dc.match_method = 'addressee' then dc.known_addressee_no end as addressee_no,
    case
        when dc.match_method <> 'suspense' then cast(null as {{ dbt.type_string() }})
        when dc.due_no is not null then 'unknown_due'
        when dc.resolved_slip_no is not null then 'unknown_due_of_slip'
        when dc.slip_no is not null then 'unknown_slip'
        when dc.el_no is not null then 'unknown_el_no'
        when dc.ocr_lower is not null then 'unknown_ocr'
        when dc.customer_no is not null and dc.customer_due_count > 1 then 'ambiguous_customer_no'
        when dc.customer_no is not null then 'unknown_customer_no'
        when dc.addressee_no is not null then 'unknown_addressee'
        else 'names_nothing'
    end as suspense_reason
from decided as dc

-- One row per settlement line of a closed year, as it was closed.
-- Only of files that a closing names by their hash: those of an attempt that broke off belong to none.
select
    cn.fiscal_year,
    cn.tax_item_code,
    cn.form_row,
    cn.body,
    cn.component,
    cn.arrears_class,
    cn.carried_in_yen,
    cn.assessed_yen,
    cn.received_yen,
    cn.refund_unpaid_yen,
    cn.written_off_yen,
    cn.outstanding_yen
from {{ source('landing', 'closing_lines') }} as cn
inner join {{ ref('stg_loads') }} as ld on ld.load_id = cn.load_id
inner join {{ ref('stg_closings') }} as cl on cl.lines_sha256 = ld.sha256

-- One row per record and due that it pays.
-- What each record pays on each due: those that it names, those that its amount, name and day point to (tier 4), and
-- those that staff decided for money in suspense. The columns are those of int_named_portions.
{% set columns = [
    'load_id', 'source_line', 'portion_no', 'origin', 'load_rank', 'entry_kind', 'record_status', 'due_no',
    'channel_code', 'branch_code', 'received_date', 'posted_date', 'is_split', 'is_honoured', 'offered_yen',
    'split_reminder_fee_yen', 'split_late_charge_yen', 'recorded_fiscal_year', 'recorded_fee_fiscal_year',
    'recorded_late_fiscal_year'
] %}
select
    {%- for column in columns %}
    ky.{{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref('int_named_portions') }} as ky
union all
select
    dc.load_id,
    dc.source_line,
    dc.line_no as portion_no,
    'file' as origin,
    dc.load_rank,
    'receipt' as entry_kind,
    'final' as record_status,
    dc.due_no,
    dc.channel_code,
    dc.branch_code,
    dc.received_date,
    dc.posted_date,
    0 as is_split,
    0 as is_honoured,
    dc.portion_yen as offered_yen,
    cast(0 as bigint) as split_reminder_fee_yen,
    cast(0 as bigint) as split_late_charge_yen,
    cast(null as bigint) as recorded_fiscal_year,
    cast(null as bigint) as recorded_fee_fiscal_year,
    cast(null as bigint) as recorded_late_fiscal_year
from {{ ref('int_deposit_candidates') }} as dc
where dc.state = 'taken'
union all
select
    sd.load_id,
    sd.source_line,
    1 as portion_no,
    'decision' as origin,
    sd.load_rank,
    'decided' as entry_kind,
    'final' as record_status,
    sd.due_no,
    sd.channel_code,
    sd.branch_code,
    sd.received_date,
    sd.posted_date,
    0 as is_split,
    0 as is_honoured,
    sd.usable_yen as offered_yen,
    cast(0 as bigint) as split_reminder_fee_yen,
    cast(0 as bigint) as split_late_charge_yen,
    cast(null as bigint) as recorded_fiscal_year,
    cast(null as bigint) as recorded_fee_fiscal_year,
    cast(null as bigint) as recorded_late_fiscal_year
from {{ ref('int_suspense_decisions') }} as sd
where sd.usable_yen > 0 and sd.due_no is not null

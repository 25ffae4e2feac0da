-- One row per thing that happened to money or to a due, per component.
-- Everything else is a sum over it; the sign of a movement's effect on each account is the seed movement_effects, and
-- stands nowhere else. A view: the text that dues and files say 22 million times stands once. It names tables of its
-- own store alone, without the store's name, for the file is opened under others.
select
    mv.movement_id,
    mv.movement_type,
    mv.direction,
    mv.component,
    mv.amount_yen,
    {{ due_key_of('mv.due_no', 'ds', 'od') }} as due_key,
    mv.addressee_no,
    {{ due_part_of('tax_item_code', 'ds', 'od') }} as tax_item_code,
    {{ due_part_of('levy_year', 'ds', 'od') }} as levy_year,
    {{ due_part_of('tax_year', 'ds', 'od') }} as tax_year,
    mv.channel_code,
    mv.branch_code,
    mv.posted_date,
    mv.value_date,
    mv.fiscal_year,
    mv.is_carried_over,
    mv.budget_side,
    mv.is_provisional,
    mv.is_first_of_receipt,
    mv.corrects_fiscal_year,
    mv.reason_code,
    mv.load_id,
    ld.file_name as source_file,
    mv.source_line,
    mv.due_no
from {{ ref('int_booked_movements').include(database=false) }} as mv
left join {{ ref('fct_loads').include(database=false) }} as ld on ld.load_id = mv.load_id and ld.status = 'landed'
{{ join_due_key('mv.due_no', 'ds', 'od', of_this_store=true) }}

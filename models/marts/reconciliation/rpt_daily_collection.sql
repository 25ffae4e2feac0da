-- One row per posted date, fiscal year, arrears class, tax item, channel and branch.
-- 日計表: what was booked on each day, as sums of fct_movements. A receipt of several dues is counted with its first.
select
    mv.posted_date,
    mv.fiscal_year,
    case
        when mv.tax_item_code is null then 'none'
        when mv.is_carried_over then 'carried_over'
        else 'current'
    end as arrears_class,
    mv.tax_item_code,
    mv.channel_code,
    mv.branch_code,
    {{ sum_yen('case when mv.is_first_of_receipt and not mv.is_provisional then 1 else 0 end') }} as receipt_count,
    {%- for component in ['principal', 'reminder_fee', 'late_charge'] %}
    {{ sum_yen(
        "case when mv.movement_type = 'received' and mv.component = '" ~ component
        ~ "' and not mv.is_provisional then mv.amount_yen else 0 end"
    ) }} as {{ component }}_yen,
    {%- endfor %}
    {{ sum_yen("case when mv.movement_type = 'overpaid' and mv.direction is null then mv.amount_yen else 0 end") }} as overpaid_yen,
    {{ sum_yen(
        "case mv.movement_type when 'suspended_in' then mv.amount_yen when 'suspended_out' then - mv.amount_yen else 0 end"
    ) }} as suspense_yen,
    {{ sum_yen("case when mv.movement_type = 'refunded' then mv.amount_yen else 0 end") }} as refunded_yen,
    {{ sum_yen("case when mv.movement_type = 'offset_in' then mv.amount_yen else 0 end") }} as offset_in_yen,
    {{ sum_yen("case when mv.movement_type = 'offset_out' then mv.amount_yen else 0 end") }} as offset_out_yen,
    {{ sum_yen('case when mv.is_first_of_receipt and mv.is_provisional then 1 else 0 end') }} as provisional_count,
    {{ sum_yen('case when mv.is_provisional then mv.amount_yen else 0 end') }} as provisional_yen
from {{ ref('fct_movements') }} as mv
where
    mv.movement_type in ('received', 'overpaid', 'suspended_in', 'suspended_out', 'refunded', 'offset_in', 'offset_out')
    and mv.corrects_fiscal_year is null  -- a difference between years is nothing of a day
group by
    mv.posted_date,
    mv.fiscal_year,
    case
        when mv.tax_item_code is null then 'none'
        when mv.is_carried_over then 'carried_over'
        else 'current'
    end,
    mv.tax_item_code,
    mv.channel_code,
    mv.branch_code

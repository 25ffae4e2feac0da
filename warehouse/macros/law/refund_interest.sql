{#-
還付加算金 (地方税法17条の4, 附則3条の2, 20条の4の2; 施行令附則3条の2第3項): the set-based twin of
warehouse/law/refund_interest.py. A property test holds the two equal. Every number comes from warehouse/law/parameters.
-#}

{#- The first day after a period of months that begins on the day after ``day`` (民法143条). -#}
{%- macro after_months(day, months) -%}
    case
        when extract(day from {{ add_months(add_days(day, 1), months) }}) < extract(day from {{ add_days(day, 1) }})
            then {{ add_days(add_months(add_days(day, 1), months), 1) }}
        else {{ add_months(add_days(day, 1), months) }}
    end
{%- endmacro -%}

{#- The day from which interest runs, by cause (1号-4号). claim_date: 更正の請求 (2号); corrected_date: 更正 (2号, and 4号
    of a tax by return that nobody claimed back: 施行令6条の15第1項), null for money paid by mistake; notice_date: 通知 or
    申告 of income tax (3号). Without the date that a cause needs, the correction stands for it.
    accrual: alias of a row of law_refund_interest_accrual. -#}
{%- macro refund_interest_from(cause, paid_date, claim_date, corrected_date, notice_date, accrual) -%}
    case {{ cause }}
        when '1' then {{ add_days(paid_date, 1) }}
        when '2' then greatest(
            {{ add_days(paid_date, 1) }},
            least(
                {{ after_months('coalesce(' ~ claim_date ~ ', ' ~ corrected_date ~ ')', accrual ~ '.claim_months') }},
                {{ after_months(corrected_date, accrual ~ '.correction_months') }}
            )
        )
        when '3' then greatest(
            {{ add_days(paid_date, 1) }},
            {{ after_months('coalesce(' ~ notice_date ~ ', ' ~ corrected_date ~ ')', accrual ~ '.notice_months') }}
        )
        else {{ after_months(
            'greatest(' ~ paid_date ~ ', coalesce(' ~ corrected_date ~ ', ' ~ paid_date ~ '))', accrual ~ '.payment_months'
        ) }}
    end
{%- endmacro -%}

{#- parts: relation or CTE, one row per amount: part_id, principal_yen (bigint), from_date, to_date (both counted),
    pause_from, pause_to (days without interest, or null). Puts out part_id, refund_interest_yen for parts that bear
    any; NULL where a day has no known rate. -#}
{%- macro refund_interest_by_part(parts, rates=none, rounding=none) -%}
with ri_rounding as (
    select
        rl.base_unit_yen,
        rl.minimum_tax_yen,
        rl.segment_unit_yen,
        rl.rate_divisor,
        rl.minimum_total_yen,
        rl.total_unit_yen
    from {{ rounding or ref('law_rounding') }} as rl
    where rl.rule_code = 'refund_interest'
),

ri_spans as (
    select
        pt.part_id,
        pt.principal_yen,
        pt.from_date,
        case when pt.pause_from <= pt.pause_to then least(pt.to_date, {{ add_days('pt.pause_from', -1) }}) else pt.to_date end
            as to_date
    from {{ parts }} as pt
    union all
    select
        pt.part_id,
        pt.principal_yen,
        greatest(pt.from_date, {{ add_days('pt.pause_to', 1) }}) as from_date,
        pt.to_date
    from {{ parts }} as pt
    where pt.pause_from <= pt.pause_to
),

ri_rated as (
    select
        sn.part_id,
        {{ floor_to_unit('sn.principal_yen', 'rn.base_unit_yen') }} as base_yen,
        {{ days_between('greatest(sn.from_date, rt.valid_from)', 'least(sn.to_date, rt.valid_to)') }} + 1 as days,
        rt.rate_per_100000
    from ri_spans as sn
    cross join ri_rounding as rn
    inner join {{ rates or ref('law_refund_interest_rates') }} as rt
        on rt.valid_from <= sn.to_date and rt.valid_to >= sn.from_date
    where sn.from_date <= sn.to_date and sn.principal_yen >= rn.minimum_tax_yen
),

ri_segments as (
    select
        rd.part_id,
        {{ int_div('rd.base_yen * rd.rate_per_100000 * rd.days', 'rn.rate_divisor * rn.segment_unit_yen') }}
        * rn.segment_unit_yen as yen
    from ri_rated as rd
    cross join ri_rounding as rn
),

ri_totals as (
    select
        sg.part_id,
        case when count(sg.yen) = count(*) then {{ sum_yen('sg.yen') }} end as segment_sum_yen
    from ri_segments as sg
    group by sg.part_id
)

select
    tt.part_id,
    case
        when tt.segment_sum_yen < rn.minimum_total_yen then 0
        else {{ floor_to_unit('tt.segment_sum_yen', 'rn.total_unit_yen') }}
    end as refund_interest_yen
from ri_totals as tt
cross join ri_rounding as rn
{%- endmacro -%}

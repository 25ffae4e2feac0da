-- A late charge is known, and what we reckon is a multiple of 100 yen (地方税法20条の4の2第5項). A null is a day for which no
-- rate is in the seed law_late_charge_rates (next year's is announced in November): the build must stop rather than show
-- amounts that are too small.
-- Who looks: the developer who keeps warehouse/law/parameters, with the notice of the new rate. One row per due.
select
    ch.due_no,
    ch.late_charge_yen,
    ch.late_charge_accrued_yen
from {{ ref('int_charges') }} as ch
cross join {{ ref('law_rounding') }} as rl
where
    rl.rule_code = 'late_charge'
    and (
        ch.late_charge_yen is null
        or ch.late_charge_accrued_yen is null
        or ch.late_charge_yen < 0
        or mod(ch.late_charge_accrued_yen, rl.total_unit_yen) <> 0
        or (ch.late_charge_accrued_yen > 0 and ch.late_charge_accrued_yen < rl.minimum_total_yen)
    )

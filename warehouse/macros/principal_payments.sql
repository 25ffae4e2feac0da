{#-
What changed the unpaid tax of some dues, as late_charge_by_due takes it: what was put on the principal, and, negative,
what a reallocation took away again. dues: relation or CTE that has their due_no, once each.
-#}
{%- macro principal_payments(dues) -%}
    select
        pa.due_no,
        pa.received_date,
        pa.principal_yen
    from {{ ref('int_principal_allocations') }} as pa
    inner join {{ dues }} as ld on ld.due_no = pa.due_no
    where pa.principal_yen <> 0
    union all
    select
        wd.due_no,
        wd.received_date,
        - wd.principal_yen as principal_yen
    from {{ ref('int_withdrawals') }} as wd
    inner join {{ dues }} as ld on ld.due_no = wd.due_no
    where wd.entry_kind = 'reallocation' and wd.principal_yen <> 0
{%- endmacro -%}

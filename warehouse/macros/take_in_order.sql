{#-
What each of several claims on a due may take, one after the other: the n-th claims of all dues together, then the next, as
many steps as the due with the most claims has. What has happened takes all that it says; the others what is left.

claims  load_id, source_line, due_no, step_no (1, 2, ... in order), entry_kind, has_happened, what it asks of each part
        (principal_yen, reminder_fee_yen, late_charge_yen), and what had come in by its day: in_yen of the principal, over_yen of
        that over the tax, fee_in_yen and late_in_yen

Puts out load_id, source_line, principal_yen, reminder_fee_yen, late_charge_yen, and principal_room_yen (what was left of
the principal for it, whatever it took).
-#}
{%- macro take_in_order(claims) -%}
with recursive steps as (
    select distinct
        cl.due_no,
        cast(0 as bigint) as step_no,
        cast(null as bigint) as load_id,
        cast(null as integer) as source_line,
        cast(0 as bigint) as principal_yen,
        cast(0 as bigint) as reminder_fee_yen,
        cast(0 as bigint) as late_charge_yen,
        cast(0 as bigint) as principal_room_yen,
        cast(0 as bigint) as moved_yen,
        cast(0 as bigint) as paid_back_yen,
        cast(0 as bigint) as fee_taken_yen,
        cast(0 as bigint) as late_taken_yen
    from {{ claims }} as cl
    union all
    select
        tk.due_no,
        cast(tk.step_no as bigint) as step_no,
        tk.load_id,
        cast(tk.source_line as integer) as source_line,
        tk.principal_yen,
        tk.reminder_fee_yen,
        tk.late_charge_yen,
        tk.principal_room_yen,
        cast(tk.moved_yen + case when tk.entry_kind = 'reallocation' then tk.principal_yen else 0 end as bigint) as moved_yen,
        cast(tk.paid_back_yen + case when tk.entry_kind = 'reallocation' then 0 else tk.principal_yen end as bigint)
            as paid_back_yen,
        cast(tk.fee_taken_yen + tk.reminder_fee_yen as bigint) as fee_taken_yen,
        cast(tk.late_taken_yen + tk.late_charge_yen as bigint) as late_taken_yen
    from (
        select
            rm.*,
            cast(case
                when rm.has_happened = 1 then rm.asked_principal_yen else least(rm.asked_principal_yen, rm.principal_room_yen)
            end as bigint) as principal_yen,
            cast(case
                when rm.has_happened = 1 then rm.asked_fee_yen else least(rm.asked_fee_yen, greatest(rm.fee_room_yen, 0))
            end as bigint) as reminder_fee_yen,
            cast(case
                when rm.has_happened = 1 then rm.asked_late_yen else least(rm.asked_late_yen, greatest(rm.late_room_yen, 0))
            end as bigint) as late_charge_yen
        from (
            select
                cl.due_no,
                cl.step_no,
                cl.load_id,
                cl.source_line,
                cl.entry_kind,
                cl.has_happened,
                cl.principal_yen as asked_principal_yen,
                cl.reminder_fee_yen as asked_fee_yen,
                cl.late_charge_yen as asked_late_yen,
                cast(greatest(case
                    when cl.entry_kind = 'reallocation' then cl.in_yen - st.moved_yen - st.paid_back_yen
                    else cl.over_yen - st.moved_yen - st.paid_back_yen
                end, 0) as bigint) as principal_room_yen,
                cl.fee_in_yen - st.fee_taken_yen as fee_room_yen,
                cl.late_in_yen - st.late_taken_yen as late_room_yen,
                st.moved_yen,
                st.paid_back_yen,
                st.fee_taken_yen,
                st.late_taken_yen
            from steps as st
            inner join {{ claims }} as cl on cl.due_no = st.due_no and cl.step_no = st.step_no + 1
        ) as rm
    ) as tk
)

select
    st.load_id,
    st.source_line,
    st.principal_yen,
    st.reminder_fee_yen,
    st.late_charge_yen,
    st.principal_room_yen
from steps as st
where st.step_no > 0
{%- endmacro -%}

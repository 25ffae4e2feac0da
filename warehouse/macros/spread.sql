{#-
Spread lump sums over what is open, in order. Money that names no due fills items one after the other; what an item can
still take depends on what came before, from named receipts and from earlier lump sums. So the n-th lump sums of all
payers are spread together, then the next: as many steps as the payer with the most lump sums has, each set-based.

lumps  addressee_no, lump_no (1, 2, ... in receipt order), amount_yen
items  addressee_no, lump_no, due_no, item_no, order_no, from_yen, to_yen, before_yen: for every lump sum, every item
       of its payer. An item is the part of a due between from_yen and to_yen of money put on that due; before_yen is
       what named receipts had put on the due by then. An item that is not open at that time has to_yen = from_yen.

Puts out addressee_no, lump_no, due_no, item_no, order_no, taken_yen.
-#}
{%- macro spread(lumps, items) -%}
with recursive spread_steps as (
    select
        it.addressee_no,
        it.due_no,
        it.item_no,
        it.order_no,
        cast(0 as bigint) as lump_no,
        cast(0 as bigint) as taken_yen,
        cast(0 as bigint) as lumps_on_due_yen
    from {{ items }} as it
    where it.lump_no = 1
    union all
    select
        tk.addressee_no,
        tk.due_no,
        tk.item_no,
        tk.order_no,
        tk.lump_no,
        tk.taken_yen,
        cast(tk.lumps_on_due_yen + sum(tk.taken_yen) over (partition by tk.addressee_no, tk.due_no) as bigint)
            as lumps_on_due_yen
    from (
        select
            rm.addressee_no,
            rm.due_no,
            rm.item_no,
            rm.order_no,
            rm.lump_no,
            rm.lumps_on_due_yen,
            cast(greatest(least(rm.room_yen, rm.amount_yen - (
                sum(rm.room_yen) over (partition by rm.addressee_no order by rm.order_no) - rm.room_yen
            )), 0) as bigint) as taken_yen
        from (
            select
                st.addressee_no,
                st.due_no,
                st.item_no,
                st.order_no,
                lu.lump_no,
                lu.amount_yen,
                st.lumps_on_due_yen,
                greatest(it.to_yen - greatest(it.from_yen, it.before_yen + st.lumps_on_due_yen), 0) as room_yen
            from spread_steps as st
            inner join {{ lumps }} as lu on lu.addressee_no = st.addressee_no and lu.lump_no = st.lump_no + 1
            inner join {{ items }} as it
                on it.addressee_no = st.addressee_no
                and it.lump_no = st.lump_no + 1
                and it.due_no = st.due_no
                and it.item_no = st.item_no
        ) as rm
    ) as tk
)

select
    sp.addressee_no,
    sp.lump_no,
    sp.due_no,
    sp.item_no,
    sp.order_no,
    sp.taken_yen
from spread_steps as sp
where sp.taken_yen > 0
{%- endmacro -%}

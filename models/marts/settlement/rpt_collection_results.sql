-- One row per fiscal year and row of the official form.
-- 市町村税の徴収実績調 (地方財政状況調査): every row of the official form for each fiscal year that has any, with what stands on it and
-- on the rows below it. The city's own taxes, principal only. Whole yen; the form shows 千円.
with years as (
    select distinct sl.fiscal_year from {{ ref('fct_settlement_lines') }} as sl
),

lines as (
    select
        sl.fiscal_year,
        fr.path,
        sl.arrears_class,
        sl.assessed_yen,
        sl.received_yen
    from {{ ref('fct_settlement_lines') }} as sl
    inner join {{ ref('collection_result_rows') }} as fr on fr.form_row = sl.form_row
    where sl.body = 'city' and sl.component = 'principal'
),

rows_of_form as (
    select
        yr.fiscal_year,
        fr.row_no,
        fr.form_row,
        fr.label_ja,
        {%- for measure in ['assessed', 'received'] %}
        {%- for arrears_class in ['current', 'carried_over'] %}
        cast(coalesce(
            sum(case when ln.arrears_class = '{{ arrears_class }}' then ln.{{ measure }}_yen else 0 end), 0
        ) as bigint) as {{ arrears_class }}_{{ measure }}_yen,
        {%- endfor %}
        cast(coalesce(sum(ln.{{ measure }}_yen), 0) as bigint) as {{ measure }}_yen{{ ',' if not loop.last }}
        {%- endfor %}
    from years as yr
    inner join {{ ref('collection_result_rows') }} as fr on fr.path is not null
    left join lines as ln
        on ln.fiscal_year = yr.fiscal_year and (ln.path = fr.path or ln.path like concat(fr.path, '.%'))
    group by yr.fiscal_year, fr.row_no, fr.form_row, fr.label_ja
)

select
    rf.fiscal_year,
    rf.row_no,
    rf.form_row,
    rf.label_ja,
    rf.current_assessed_yen,
    rf.carried_over_assessed_yen,
    rf.assessed_yen,
    rf.current_received_yen,
    rf.carried_over_received_yen,
    rf.received_yen,
    {{ rate_of('rf.current_received_yen', 'rf.current_assessed_yen') }} as current_collection_rate,
    {{ rate_of('rf.carried_over_received_yen', 'rf.carried_over_assessed_yen') }} as carried_over_collection_rate,
    {{ rate_of('rf.received_yen', 'rf.assessed_yen') }} as collection_rate,
    {{ rate_of('pv.received_yen', 'pv.assessed_yen') }} as previous_collection_rate,
    {{ rate_of('(rf.received_yen - pv.received_yen)', 'pv.received_yen') }} as received_change_rate
from rows_of_form as rf
left join rows_of_form as pv on pv.fiscal_year = rf.fiscal_year - 1 and pv.row_no = rf.row_no

-- One row per levy year, tax item, version and row of 徴収実績調.
-- 按分: how the tax of a levy year is shared between the rows of 徴収実績調 and the three bodies. Several versions of one
-- levy year may follow each other (valid_from). The first row takes the rest of a yen.
select
    ap.levy_year,
    ap.tax_item_code,
    ap.valid_from,
    fr.form_row,
    ap.body,
    ap.numerator,
    ap.denominator,
    row_number() over (
        partition by ap.levy_year, ap.tax_item_code, ap.valid_from
        order by case ap.body when 'city' then 1 when 'prefecture' then 2 else 3 end, fr.row_no
    ) as share_no
from {{ ref('stg_apportionments') }} as ap
inner join {{ ref('collection_result_rows') }} as fr on fr.delivered_row = ap.delivered_row

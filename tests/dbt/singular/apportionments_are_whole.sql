-- 按分: the shares of one levy year, tax item and day are one whole, with one denominator, on rows that the form knows.
-- A failure: a part of a tax would stand on the wrong row or on none. Who looks: the officer who delivers 按分, with the tax
-- section. One row per version.
with known as (
    select
        ap.levy_year,
        ap.tax_item_code,
        ap.valid_from,
        ap.numerator,
        ap.denominator,
        fr.form_row
    from {{ ref('stg_apportionments') }} as ap
    left join {{ ref('collection_result_rows') }} as fr on fr.delivered_row = ap.delivered_row
)

select
    kn.levy_year,
    kn.tax_item_code,
    kn.valid_from
from known as kn
group by kn.levy_year, kn.tax_item_code, kn.valid_from
having
    min(kn.denominator) <> max(kn.denominator)
    or sum(kn.numerator) <> max(kn.denominator)
    or count(*) <> count(kn.form_row)

-- One row per tax item.
select
    ti.tax_item_code,
    ti.tax_item_name,
    ti.is_city_tax
from {{ ref('tax_items') }} as ti

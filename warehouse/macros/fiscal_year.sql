{#- 会計年度 of a day: April to March (地方自治法208条). -#}
{%- macro fiscal_year_of(day) -%}
    (cast(extract(year from {{ day }}) as integer) - case when extract(month from {{ day }}) < 4 then 1 else 0 end)
{%- endmacro -%}

{#-
会計年度 of a receipt: the year of its 領収日; in the closing period (4/1-5/31) the old year for the old year's own dues
(自治令142条, 160条). A due that was carried over before is cut at 3/31 (policy arrears_cut), so its receipts from 4/1 on
are the new year's. Money paid before the due's year began belongs to the due's year.
-#}
{%- macro fiscal_year_of_receipt(due_fiscal_year, received_date) -%}
    case
        when {{ due_fiscal_year }} >= {{ fiscal_year_of(received_date) }} then {{ due_fiscal_year }}
        when extract(month from {{ received_date }}) in (4, 5)
            and {{ due_fiscal_year }} = {{ fiscal_year_of(received_date) }} - 1
            then {{ due_fiscal_year }}
        {%- if variable('policies').arrears_cut == '05-31' %}
        when extract(month from {{ received_date }}) in (4, 5) then {{ fiscal_year_of(received_date) }} - 1
        {%- endif %}
        else {{ fiscal_year_of(received_date) }}
    end
{%- endmacro -%}

{#-
会計年度 of an assessment event: a new levy belongs to its 調定年度 as delivered. A change belongs to the year of its
調定日; in the closing period a reduction is still the old year's, an increase the new year's (LAW §1.5, 減額 around closing).
-#}
{%- macro fiscal_year_of_assessment(alias) -%}
    case
        when {{ alias }}.event_type_code in ('1', '2') then cast({{ alias }}.levy_year as integer)
        when {{ fiscal_year_of(alias ~ '.assessed_date') }} <= cast({{ alias }}.levy_year as integer)
            then cast({{ alias }}.levy_year as integer)
        when {{ alias }}.delta_yen < 0
            and extract(month from {{ alias }}.assessed_date) in (4, 5)
            and cast({{ alias }}.levy_year as integer) = {{ fiscal_year_of(alias ~ '.assessed_date') }} - 1
            then cast({{ alias }}.levy_year as integer)
        {%- if variable('policies').arrears_cut == '05-31' %}
        when {{ alias }}.delta_yen < 0 and extract(month from {{ alias }}.assessed_date) in (4, 5)
            then {{ fiscal_year_of(alias ~ '.assessed_date') }} - 1
        {%- endif %}
        else {{ fiscal_year_of(alias ~ '.assessed_date') }}
    end
{%- endmacro -%}

{#- The year whose books are open on a day: a year's unpaid dues carry over when its closing period ends (6/1). -#}
{%- macro open_fiscal_year(day) -%}
    ({{ fiscal_year_of(day) }} - case when extract(month from {{ day }}) in (4, 5) then 1 else 0 end)
{%- endmacro -%}

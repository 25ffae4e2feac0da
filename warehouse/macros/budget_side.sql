{#-
戻出 or 歳出: money goes back from the revenue of the year in which it came in until that year's books close (5/31 of the
next year), and from the expenditure of the current year afterwards (自治令165条の6, 165条の7).
-#}
{%- macro budget_side(fiscal_year, posted_date) -%}
    case when {{ open_fiscal_year(posted_date) }} <= {{ fiscal_year }} then 'revenue' else 'expenditure' end
{%- endmacro -%}

{#- The year in whose books it stands: the year of the revenue that it is taken from, or of the expenditure. -#}
{%- macro fiscal_year_of_repayment(fiscal_year, posted_date) -%}
    case
        when {{ open_fiscal_year(posted_date) }} <= {{ fiscal_year }} then {{ fiscal_year }}
        else {{ fiscal_year_of(posted_date) }}
    end
{%- endmacro -%}

{#- The sum of the nine amounts that an offset or a reallocation moves, from each component to each component. -#}
{%- macro nine_amounts(alias) -%}
    {%- set amounts = [] -%}
    {%- for from_part in ['principal', 'reminder_fee', 'late_charge'] -%}
        {%- for to_part in ['principal', 'reminder_fee', 'late_charge'] -%}
            {%- do amounts.append(alias ~ '.' ~ from_part ~ '_to_' ~ to_part ~ '_yen') -%}
        {%- endfor -%}
    {%- endfor -%}
    ({{ amounts | join(' + ') }})
{%- endmacro -%}

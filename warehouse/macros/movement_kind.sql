{#- The kind of a movement in one word: its type, with its direction or budget side where it has one (refunded.revenue). -#}
{%- macro movement_kind(alias) -%}
    concat_ws('.', {{ alias }}.movement_type, {{ alias }}.direction, {{ alias }}.budget_side)
{%- endmacro -%}

{#- The row of movement_effects that a movement stands under. -#}
{%- macro has_effect(movement, effect) -%}
    {{ effect }}.movement_type = {{ movement }}.movement_type
    and coalesce({{ effect }}.direction, '') = coalesce({{ movement }}.direction, '')
    and coalesce({{ effect }}.budget_side, '') = coalesce({{ movement }}.budget_side, '')
    and {{ effect }}.component_class
    = case when {{ movement }}.component = 'refund_interest' then 'refund_interest' else 'tax' end
{%- endmacro -%}

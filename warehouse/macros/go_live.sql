{#- From this day on (領収日) the payment files are a channel's money; before it, 収納履歴 is. Never both. -#}
{%- macro go_live(channel_code) -%}
    {%- set days = variable('go_live') -%}
    case {{ channel_code }}
        when '' then null
        {%- for channel, day in days.channels.items() %}
        when '{{ channel }}' then cast('{{ day }}' as date)
        {%- endfor %}
        else cast('{{ days.default }}' as date)
    end
{%- endmacro -%}

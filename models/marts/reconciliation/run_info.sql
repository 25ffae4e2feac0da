select
    {{ as_of_date() }} as as_of_date,
    {{ known_at() }} as known_at,
    '{{ var("municipality").code }}' as municipality_code,
    '{{ var("municipality").name }}' as municipality_name,
    '{{ var("code_version") }}' as code_version

-- One row: what this build is of.
select
    {{ as_of_date() }} as as_of_date,
    {{ known_at() }} as known_at,
    '{{ variable("municipality").code }}' as municipality_code,
    '{{ variable("municipality").name }}' as municipality_name,
    '{{ variable("code_version") }}' as code_version

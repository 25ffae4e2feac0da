{#-
The rows of a versioned extract that hold as of the build's date: the highest version of each primary key, where the
version is (business date, n, sha256 of the file) and never the order of landing. A full file withdraws what it does not
hold, a row with 削除フラグ = 1 its key, both as of their business date.

Versions are compared only for keys that stand more than once: finding those by a 64-bit hash costs a tenth of sorting
every key. A hash that two keys happen to share only sends both through the exact comparison. Each step scans landing by
itself with the columns that it needs: a shared wide step would be written out whole.

columns: what to put out (besides load_id, source_line, load_rank); key: the primary key's columns.
-#}
{%- macro current_rows(table, key, columns) -%}
{%- set key_of_row = [] -%}
{%- for part in key -%}
    {%- do key_of_row.append('rw.' ~ part) -%}
{%- endfor -%}
{%- set in_force -%}
        ld.version_no >= coalesce(lf.version_no, 0)
        and (coalesce(rw.is_withdrawn, 0) = 0 or ld.business_date <= {{ as_of_date() }})
{%- endset -%}
with loads as (
    select
        ld.load_id,
        ld.load_rank,
        ld.version_no,
        ld.business_date,
        ld.is_full
    from {{ ref('stg_loads') }} as ld
    where ld.landing_table = '{{ table }}'
),

last_full as (
    select max(ld.version_no) as version_no
    from loads as ld
    where ld.is_full and ld.business_date <= {{ as_of_date() }}
),

repeated as (
    select {{ hash64(key_of_row | join(', ')) }} as key_hash
    from {{ source('landing', table) }} as rw
    inner join loads as ld on ld.load_id = rw.load_id
    cross join last_full as lf
    where
        {{ in_force }}
    group by {{ hash64(key_of_row | join(', ')) }}
    having count(*) > 1
),

ranked as (
    select
        rw.load_id,
        rw.source_line,
        row_number() over (
            partition by {{ key_of_row | join(', ') }}
            order by ld.version_no desc, rw.source_line desc
        ) as rank_in_key
    from {{ source('landing', table) }} as rw
    inner join loads as ld on ld.load_id = rw.load_id
    cross join last_full as lf
    inner join repeated as rp on rp.key_hash = {{ hash64(key_of_row | join(', ')) }}
    where
        {{ in_force }}
),

replaced as (
    select
        rk.load_id,
        rk.source_line
    from ranked as rk
    where rk.rank_in_key > 1
)

select
    {%- for column in columns %}
    rw.{{ column }},
    {%- endfor %}
    rw.load_id,
    rw.source_line,
    ld.load_rank
from {{ source('landing', table) }} as rw
inner join loads as ld on ld.load_id = rw.load_id
cross join last_full as lf
where
    {{ in_force }}
    and coalesce(rw.is_withdrawn, 0) = 0
    and {{ not_among(['rw.load_id', 'rw.source_line'], 'replaced') }}
{%- endmacro -%}

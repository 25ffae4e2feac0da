{#-
The files that count, and in which order: ``version_no`` is the version order of extracts (business date, n, content).
-#}
{%- macro load_versions() -%}
select
    ld.load_id,
    ld.file_name as source_file,
    ld.sha256,
    ld.format,
    ld.role,
    ld.landing_table,
    ld.business_date,
    -- A full file withdraws what it does not hold. One with quarantined rows does not hold those either, although the
    -- core system does: it withdraws nothing, until it has come again whole.
    ld.is_full and ld.quarantined = 0 as is_full,
    ld.landed_at,
    -- A total order that depends on content alone: ties between receipts of one day are broken by it.
    row_number() over (order by ld.sha256, ld.load_id) as load_rank,
    -- Files of one content are several loads only if their versions differ: business date, n, full or not.
    row_number() over (order by ld.business_date, ld.sequence_no, ld.sha256, ld.is_full) as version_no
from {{ source('landing', 'loads') }} as ld
where ld.status = 'landed' and ld.landed_at <= {{ known_at() }}
{%- endmacro -%}

{#-
The rows of a versioned extract that hold as of the build's date: the highest version of each primary key, where the
version is (business date, n, sha256 of the file) and never the order of landing. A full file withdraws what it does not
hold, a row with 削除フラグ = 1 its key, both as of their business date.

Versions are compared only for keys that stand more than once: finding those by a 64-bit hash costs a tenth of sorting
every key. A hash that two keys happen to share only sends both through the exact comparison. Each step scans landing by
itself with the columns that it needs: a shared wide step would be written out whole.

columns: what to put out (besides load_id, source_line, load_rank); key: the primary key's columns; withdrawn: those keys
instead whose highest version withdraws them, as the rows say.

dbt renders this for the staging models, ingestion/current.py for whoever reads landing itself.
-#}
{%- macro current_rows(table, key, columns, withdrawn=false) -%}
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
    and coalesce(rw.is_withdrawn, 0) = {{ 1 if withdrawn else 0 }}
    and {{ not_among(['rw.load_id', 'rw.source_line'], 'replaced') }}
{%- endmacro -%}

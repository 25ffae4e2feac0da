-- One row per credit on the account.
-- One statement source per account: where an account has both the detailed statement (03) and the notices of credit
-- (01), the statement is the money and the notices are not read. Debits are no receipts.
with entries as (
    select
        rw.load_id,
        rw.source_line,
        gr.type_code,
        {{ account_of('gr') }} as account,
        rw.entry_no,
        coalesce(rw.book_date, rw.value_date) as book_date,
        coalesce(rw.value_date, rw.book_date) as value_date,
        coalesce(rw.direction_code, '1') as direction_code,
        rw.transaction_code,
        rw.cancel_code,
        rw.amount_yen,
        rw.payer_code
    from {{ source('landing', 'bank_statement_entries') }} as rw
    inner join {{ source('landing', 'bank_statement_entries_groups') }} as gr
        on gr.load_id = rw.load_id and gr.group_no = rw.group_no
),

accounts as (
    select
        en.account,
        max(en.type_code) as type_code  -- 03 where there is one
    from entries as en
    inner join {{ ref('stg_loads') }} as ld on ld.load_id = en.load_id
    group by en.account
)

select
    en.load_id,
    en.source_line,
    'deposit' as source_code,
    -- 取消 (01) and 訂正 (03, 取引区分 19) take back the entry that they repeat
    case when en.cancel_code = '1' or en.transaction_code = '19' then 'reversal' else 'payment' end as entry_type,
    'final' as stage,
    '08' as channel_code,
    cast(null as {{ dbt.type_string() }}) as branch_code,
    en.value_date as received_date,
    en.book_date as posted_date,
    cast(null as date) as remittance_date,
    en.payer_code as remittance_group,
    en.amount_yen,
    concat_ws(
        '|', 'deposit', en.account, cast(en.book_date as {{ dbt.type_string() }}), en.entry_no, cast(en.amount_yen as {{ dbt.type_string() }})
    ) as identity,
    -- A reversal has an inquiry number and a day of its own: what it repeats is who paid how much into which account.
    concat_ws('|', 'deposit', en.account, coalesce(en.payer_code, ''), cast(en.amount_yen as {{ dbt.type_string() }})) as reversal_key,
    cast(null as bigint) as due_no,
    cast(null as {{ dbt.type_string() }}) as slip_no,
    cast(null as {{ dbt.type_string() }}) as ocr_upper,
    cast(null as {{ dbt.type_string() }}) as ocr_lower,
    cast(null as {{ dbt.type_string() }}) as el_no,
    cast(null as {{ dbt.type_string() }}) as customer_no,
    cast(null as {{ dbt.type_string() }}) as addressee_no
from entries as en
inner join accounts as ac on ac.account = en.account and ac.type_code = en.type_code
where en.direction_code = '1' and {{ not_later('en.book_date') }}

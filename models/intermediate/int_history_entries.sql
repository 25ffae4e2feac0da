-- 収納履歴 as it holds, once: several steps read it. One row per entry.
select * from {{ ref('stg_receipt_history') }}

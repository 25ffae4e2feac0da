-- One row per write-off that stands as of the build.
-- 不納欠損 that stand as of the build (地方税法15条の7, 18条): what the core system wrote off.
select
    cd.load_id,
    cd.source_line,
    cd.load_rank,
    cd.due_no,
    cd.disposition_date as written_off_date,
    cd.disposed_principal_yen as principal_yen,
    cd.disposed_reminder_fee_yen as reminder_fee_yen,
    cd.disposed_late_charge_yen as late_charge_yen
from {{ ref('stg_core_dispositions') }} as cd
where cd.disposition_code = '09'

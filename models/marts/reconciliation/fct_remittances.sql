-- One row per bulk credit that a channel owed the city, and per bulk credit that nobody expected.
select
    concat_ws(
        '-', rm.channel_code, rm.rule_no, rm.remittance_date, rm.state, coalesce(rm.credit_load_id, 0),
        coalesce(rm.credit_source_line, 0)
    ) as remittance_id,
    rm.channel_code,
    rm.remittance_date,
    rm.expected_count,
    rm.expected_yen,
    rm.fee_yen,
    rm.credited_yen,
    rm.credited_date,
    rm.state,
    coalesce(rm.credited_yen, 0) - (rm.expected_yen - rm.fee_yen) as difference_yen,
    rm.credit_load_id,
    rm.credit_source_line
from {{ ref('int_remittances') }} as rm

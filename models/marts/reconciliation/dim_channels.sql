-- One row per payment channel.
select
    ch.channel_code,
    ch.channel_name
from {{ ref('channels') }} as ch

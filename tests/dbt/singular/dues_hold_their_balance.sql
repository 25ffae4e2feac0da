-- Invariants 2 and 4 (DESIGN §3): a due's balances are never negative and add up, overpaid money is never on the due, and
-- its one state says what its balances say.
-- A failure: receipts were put on a due beyond what it can take, or a report would show a paid due as open (or the other
-- way round). overpayment_is_not_negative alone: more was paid back than 収納履歴 and the files ever received for that due.
-- Who looks: the developer on duty; for paid back money the officer for 過誤納. One row per broken rule.
with counted as (
    select
        {%- set rules = {
            'balance_is_assessed_less_paid': 
                'du.principal_balance_yen = du.assessed_yen - du.principal_paid_yen - du.written_off_yen',
            'principal_is_not_negative': 'du.assessed_yen >= 0 and du.principal_paid_yen >= 0 and du.principal_balance_yen >= 0
                and du.written_off_yen >= 0',
            'fee_is_not_negative':
                'du.reminder_fee_paid_yen between 0 and du.reminder_fee_yen - du.reminder_fee_written_off_yen',
            'late_charge_is_not_negative': 'du.late_charge_paid_yen >= 0 and du.late_charge_balance_yen >= 0',
            'late_charge_balance_is_owed_less_paid':
                'du.late_charge_balance_yen = du.late_charge_yen - du.late_charge_paid_yen - du.late_charge_written_off_yen',
            'late_charge_is_fixed_with_the_principal': "du.late_charge_fixed_yen
                = case when du.principal_balance_yen = 0 then du.late_charge_yen else 0 end",
            'overpayment_is_not_negative': 'du.overpaid_yen >= 0',
            'provisional_is_not_negative': 'du.provisional_paid_yen >= 0',
            'delinquent_iff_open_after_its_date':
                "(du.state = 'delinquent') = (du.principal_balance_yen > 0 and du.due_date < du.as_of_date)",
            'open_iff_open_up_to_its_date':
                "(du.state = 'open') = (du.principal_balance_yen > 0 and du.due_date >= du.as_of_date)",
            'principal_paid_iff_only_charges_are_open': "(du.state = 'principal_paid') = (
                du.state not in ('cancelled', 'written_off') and du.principal_balance_yen = 0
                and (du.reminder_fee_yen > du.reminder_fee_paid_yen or du.late_charge_balance_yen > 0))",
            'paid_owes_nothing': "du.state <> 'paid' or (du.principal_balance_yen = 0
                and du.reminder_fee_yen = du.reminder_fee_paid_yen and du.late_charge_balance_yen = 0)",
            'written_off_owes_nothing': "du.state <> 'written_off' or (
                du.principal_balance_yen = 0 and du.late_charge_balance_yen = 0
                and du.reminder_fee_yen = du.reminder_fee_paid_yen + du.reminder_fee_written_off_yen
                and du.written_off_yen + du.reminder_fee_written_off_yen + du.late_charge_written_off_yen > 0)",
            'cancelled_owes_no_principal': "du.state <> 'cancelled' or du.assessed_yen = 0"
        } %}
        {%- for rule, condition in rules.items() %}
        sum(case when {{ condition }} then 0 else 1 end) as {{ rule }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('fct_dues') }} as du
)

{% for rule in rules -%}
select
    '{{ rule }}' as rule_name,
    ct.{{ rule }} as due_count
from counted as ct
where ct.{{ rule }} > 0
{%- if not loop.last %}
union all
{% endif %}
{%- endfor %}

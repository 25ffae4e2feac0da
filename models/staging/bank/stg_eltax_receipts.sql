-- One row per record of an eLTAX file.
{{ payments_by_el_no('eltax_receipts', 'eltax') }}

{{ payments_by_el_no('eltax_receipts', 'eltax') }}

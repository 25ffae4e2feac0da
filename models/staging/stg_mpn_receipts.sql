{{ payments_by_el_no('mpn_receipts', 'mpn') }}

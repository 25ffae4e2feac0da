-- One row per record of a Pay-easy file.
{{ payments_by_el_no('mpn_receipts', 'mpn') }}

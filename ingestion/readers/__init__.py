"""Readers: bytes of one delivered file to typed columns, or every finding that tells why not."""

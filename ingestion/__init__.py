"""Ingestion: from the bytes of a delivered file to rows of evidence. Knows file formats and nothing of tax law."""

"""The commands of ingestion: what lands, which layouts there are, who has read about people."""

"""収納消込: the acts of those who book, refund, certify and close."""

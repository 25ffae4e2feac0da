"""Scenarios: a tiny city in one YAML, landed and built with the real models. Shares no arithmetic with them."""

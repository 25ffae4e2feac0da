"""雪見市, the synthetic city: files as banks and core systems deliver them, and the truth behind them."""

from ingestion.town.make import Town, make_town

__all__ = ["Town", "make_town"]

"""Warehouse: stores, keys, settings, law, macros and the build."""

"""Reports: what finance staff read. Presentation only; every figure comes from the public tables of the warehouse."""

from reports.context import Report, open_report

__all__ = ["Report", "open_report"]

"""Reports: what finance staff read. Presentation only; every figure comes from the public tables of the warehouse.

A notebook begins with ``from reports.context import open_report``.
"""

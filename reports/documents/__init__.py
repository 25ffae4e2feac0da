"""Documents on paper: Typst templates, and what renders and publishes them in batches.

``render`` makes a PDF of one template and many rows, ``letter`` the address block of a person, ``publish`` puts PDFs
into their folder with a manifest. A document is a template ``<name>.typ`` on ``common.typ``, a module that makes its
rows, and a command in ``reports/commands/issue.py``.
"""

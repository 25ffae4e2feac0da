"""How things look: tables, charts, workbooks, pages and the words in them."""

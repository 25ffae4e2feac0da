"""The page: what an executed notebook's cells put out, in order, without its code, in one self-contained file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mistune
import nbformat
from jinja2 import Environment, PackageLoader, StrictUndefined
from plotly import offline

from reports.look.html import attention, escape, paragraph
from reports.notebook import tags_of

ASSETS = "assets"
NOTE_TAG = "note"
"""A markdown cell with this tag speaks to analysts and is not part of the report."""

_TEMPLATES = Environment(
    loader=PackageLoader("reports.look", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def render_template(name: str, **values: Any) -> str:
    """Fill in a template of this package; values are escaped unless the template says they are markup."""
    return _TEMPLATES.get_template(name).render(style=_style(), **values)


def _style() -> str:
    return Path(__file__).with_name("templates").joinpath("style.css").read_text(encoding="utf-8")


def plotly_file_name() -> str:
    """Plotly's script beside the reports; the version in the name lets an old report keep the one it was made for."""
    return f"plotly-{offline.get_plotlyjs_version()}.min.js"


WARNINGS_HERE = "<!-- 注意事項 -->"
"""Where the head of a report leaves room for what its cells find only later."""


def page(notebook: nbformat.NotebookNode, title: str, outputs: list[str], warnings: list[str]) -> str:
    """The report as HTML.

    Plotly's script (4.8 MB) is not copied into each page but loaded from ``published/assets``. Each chart is in the
    page as SVG too, so a page that was copied or mailed alone still shows and prints every chart.

    Args:
        notebook: executed.
        title: of the browser's tab.
        outputs: names of the files beside the page, linked at its top.
        warnings: what the reader must know before using the figures.
    """
    said = attention(warnings) if warnings else paragraph("注意事項はありません。")
    pieces = [piece.replace(WARNINGS_HERE, said, 1) for cell in notebook.cells for piece in _pieces(cell)]
    return render_template(
        "report.html",
        title=title,
        pieces=pieces,
        plotly=f"../../{ASSETS}/{plotly_file_name()}",
        portal="../../index.html",
        files=[name for name in outputs if name != "index.html"],
    )


def _pieces(cell: Any) -> list[str]:
    if cell.cell_type == "markdown":
        return [] if NOTE_TAG in tags_of(cell) else [str(mistune.html(cell.source))]
    if cell.cell_type != "code":
        return []
    return [_shown(output) for output in cell.outputs if output.output_type in ("display_data", "execute_result")]


def _shown(output: Any) -> str:
    if "text/html" in output.data:
        return str(output.data["text/html"])
    return f"<pre>{escape(output.data.get('text/plain', ''))}</pre>"

"""Pieces of a page. Everything that comes from data goes through ``escape``; only this package writes markup."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

__all__ = ["Html", "attention", "escape", "join", "paragraph"]


@dataclass(frozen=True, slots=True)
class Html:
    """Finished markup that a notebook cell shows and the page keeps."""

    markup: str

    def _repr_html_(self) -> str:
        return self.markup


def join(*pieces: Html) -> Html:
    """The pieces, one after the other."""
    return Html("\n".join(piece.markup for piece in pieces))


def paragraph(sentence: str, style: str = "") -> Html:
    """One sentence. ``style`` is a class of the page's style sheet."""
    attribute = f' class="{style}"' if style else ""
    return Html(f"<p{attribute}>{escape(sentence)}</p>")


def attention(sentences: list[str], label: str = "注意事項") -> Html:
    """A box that lists what a reader must know before using the figures; nothing when there is nothing."""
    if not sentences:
        return Html("")
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return Html(f'<aside class="attention" aria-label="{escape(label)}"><p>{escape(label)}</p><ul>{items}</ul></aside>')

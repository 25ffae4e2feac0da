"""Pieces of a page. What comes from data is escaped by ``format``; only this package writes markup."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

__all__ = ["Html", "attention", "escape", "join", "paragraph"]


class Html(Markup):
    """Finished markup that a notebook cell shows and the page keeps."""

    def _repr_html_(self) -> str:
        return str(self)


def join(*pieces: Html) -> Html:
    """The pieces, one after the other."""
    return Html("\n").join(pieces)


def listed(pattern: str, values: Sequence[object]) -> Html:
    """``pattern`` (markup with one place) for each value."""
    return Html("").join(Html(pattern).format(value) for value in values)


def paragraph(sentence: str, style: str = "") -> Html:
    """One sentence. ``style`` is a class of the page's style sheet."""
    return Html('<p class="{}">{}</p>').format(style, sentence) if style else Html("<p>{}</p>").format(sentence)


def attention(sentences: Sequence[str], label: str = "注意事項") -> Html:
    """A box that lists what a reader must know before using the figures; nothing when there is nothing."""
    if not sentences:
        return Html("")
    return Html('<aside class="attention" aria-label="{0}"><p>{0}</p><ul>{1}</ul></aside>').format(
        label, listed("<li>{}</li>", sentences)
    )

"""Words in both languages: operators read the English ones, the office reads the Japanese ones."""

from __future__ import annotations


class Said(str):
    """Words in both languages. As a text it is the English ones."""

    japanese: str

    def __new__(cls, english: str, japanese: str | None = None) -> Said:
        words = super().__new__(cls, english)
        words.japanese = english if japanese is None else japanese
        return words


def said(english: str, japanese: str) -> Said:
    """What is said to operators (English) and to the office (Japanese)."""
    return Said(english, japanese)


def in_japanese(text: str) -> str:
    """The Japanese of what is said. Plain text is a value of a file and needs none."""
    return text.japanese if isinstance(text, Said) else text

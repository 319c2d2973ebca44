"""Text of others, made safe to show."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text with control characters spelled out: what a file or a query holds never steers a terminal."""
    return "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text)


def shortened(text: str, most: int) -> str:
    """The text, printable and on one line, of at most so many characters; an ellipsis stands for the rest."""
    # Of a text of megabytes only the beginning is looked at.
    words = printable(" ".join(text[: 4 * most].split()))
    return words if len(words) <= most and len(text) <= 4 * most else f"{words[: most - 1]}…"

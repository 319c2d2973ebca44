"""The text of a review: without mark-up, and how to tell prose from noise. Pure."""

from __future__ import annotations

import html
import re

# "a < b and c > d" is prose: a tag's name follows "<" at once.
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>|<!--.{0,1000}?-->", re.DOTALL)
_MEDIA = re.compile(r"\[\[(?:VIDEOID|ASIN):[^\]]{0,200}\]\]")


def clean_review(raw: str) -> str:
    """One line without tags and embedded media; entities resolved, also those escaped twice."""
    text = _MEDIA.sub(" ", raw)
    for _ in range(2):
        text = _TAG.sub(" ", html.unescape(text))
    return " ".join(text.split())


def letters_share(text: str) -> float:
    """Letters among the characters that are no white space, 0 to 1; 0 for an empty text."""
    marks = [mark for mark in text if not mark.isspace()]
    return sum(mark.isalpha() for mark in marks) / len(marks) if marks else 0.0


def cut_at_word(text: str, chars: int) -> str:
    """At most ``chars`` characters, cut at a space where there is one."""
    if len(text) <= chars:
        return text
    return text[: chars + 1].rpartition(" ")[0].rstrip() or text[:chars]

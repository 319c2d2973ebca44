"""The blocks of a page that are written by a program: found and replaced. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from aisle.errors import InputError

_START: Final = re.compile(r"^<!-- figures:(?P<name>\S+) -->$", re.MULTILINE)
_END: Final = "<!-- /figures -->"
_ANY_START: Final = "<!-- figures:"


def rewrite(page: str, text: str, render: Callable[[str], str]) -> tuple[str, tuple[str, ...]]:
    """Draw every block anew.

    Args:
        page: file name, for errors.
        text: the whole page.
        render: a figure's name to its Markdown; raises InputError for a name that is none.

    Returns:
        The page with fresh blocks, and the names of those that were stale.

    Raises:
        InputError: a block without an end.
    """
    parts: list[str] = []
    stale: list[str] = []
    at = 0
    while start := _START.search(text, at):
        name = start["name"]
        end = text.find(_END, start.end())
        if end < 0 or _ANY_START in text[start.end() : end]:
            raise InputError(
                f"{page}: the block of figure {name!r} has no end", fix=f"write {_END} on a line after it"
            )
        fresh = f"\n{render(name)}\n"
        if text[start.end() : end] != fresh:
            stale.append(name)
        parts += [text[at : start.end()], fresh]
        at = end
    return "".join(parts) + text[at:], tuple(stale)

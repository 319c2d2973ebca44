"""One row's cells to one Item. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from catalogue.cells import (
    MAX_TEXT_CHARS,
    MAX_TITLE_CHARS,
    clean_line,
    clean_text,
    facets,
    identity,
    words,
)
from catalogue.columns import Columns
from catalogue.prices import parse_price
from catalogue.rows import BadRow, Cells
from records import Item


def item_from(cells: Cells, columns: Columns) -> Item:
    """Build the item.

    Raises:
        BadRow: with the reason, a fixed phrase.
    """
    at = columns.single
    key = identity(cells.get(at["id"]))
    title = clean_line(words(cells.get(at["title"]), "title"))
    if not title:
        raise BadRow("title is missing or empty")
    if len(title) > MAX_TITLE_CHARS:
        raise BadRow(f"title is over {MAX_TITLE_CHARS:,} characters")
    text = clean_text("\n".join(words(cells.get(column), "text") for column in columns.text))
    if len(text) > MAX_TEXT_CHARS:
        raise BadRow(f"text is over {MAX_TEXT_CHARS:,} characters")
    return Item(
        id=key,
        title=title,
        text=text,
        brand=_line(cells, at, "brand"),
        category=_line(cells, at, "category"),
        price=parse_price(cells.get(at["price"])) if "price" in at else None,
        image=_line(cells, at, "image"),
        attributes=_attributes(cells, columns),
    )


def _line(cells: Cells, at: Mapping[str, str], field: str) -> str:
    line = clean_line(words(cells.get(at[field]), field).replace("\n", ", ")) if field in at else ""
    if len(line) > MAX_TITLE_CHARS:
        raise BadRow(f"{field} is over {MAX_TITLE_CHARS:,} characters")
    return line


def _attributes(cells: Cells, columns: Columns) -> dict[str, str]:
    found = facets({columns.renamed.get(n, n): v for n, v in cells.items() if n not in columns.used})
    for column in columns.objects:
        inner = cells.get(column)
        if isinstance(inner, dict):
            found |= facets(inner)
    return found

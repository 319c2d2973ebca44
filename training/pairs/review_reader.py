"""Files of reviews: Amazon Reviews 2023 in two layouts, and reviews that name a product by its title only."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from catalogue.cells import clean_line, identity, scalar, words
from catalogue.options import ReadOptions
from catalogue.rejects import Rejects
from catalogue.rows import BadRow, Cells
from catalogue.sources import open_rows
from records import InputError
from training.pairs.review import Review
from training.pairs.review_layouts import LAYOUTS, ReviewLayout, layout_of
from training.pairs.review_text import clean_review


def read_reviews(path: str | Path, rejects: Rejects | None = None) -> Iterator[Review]:
    """Yield every review that has an item and a text, in file order.

    ``catalogue.read_review_queries`` glues headline and text together; here they stay apart, since a headline
    may be left out. Where both read a file, ids are the same.

    Raises:
        InputError: no such file, other columns, or no row that can be used.
        MissingExtra: Parquet or the hub without their extras.
    """
    rejects = rejects if rejects is not None else Rejects()
    count = 0
    for row in open_rows(path, ReadOptions(), rejects):
        try:
            review = _review(row.cells)
        except BadRow as reason:
            rejects.add(row.line, str(reason), row.cells)
        else:
            count += 1
            yield review
    if not count:
        known = "; ".join(", ".join(sorted(layout.required)) for layout in LAYOUTS)
        raise InputError(f"{path} holds no reviews", fix=f"name a file with one of these columns: {known}")


def _review(cells: Cells) -> Review:
    layout = layout_of(cells.keys())
    if layout is None:
        raise BadRow("columns of no known kind of reviews")
    text = clean_review(words(cells[layout.text], "text"))
    if not text:
        raise BadRow("review is empty")
    item = identity(_one_line(cells[layout.item], "item"))
    return Review(
        id=_id(cells, layout, item, text),
        item_id=item,
        item_title=_one_line(cells.get(layout.item_title), "item title"),
        title=clean_review(words(cells[layout.title], "title")),
        text=text,
        rating=_rating(cells.get(layout.rating)),
    )


def _id(cells: Cells, layout: ReviewLayout, item: str, text: str) -> str:
    if layout.user:
        return f"{identity(cells[layout.user])}:{item}:{scalar(cells[layout.stamp])}"
    digest = blake2b("\n".join((item, text)).encode(errors="replace"), digest_size=8)
    return f"review:{digest.hexdigest()}"


def _one_line(value: object, field: str) -> str:
    return clean_line(words(value, field))


def _rating(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None

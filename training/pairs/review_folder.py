"""A folder of reviews: one file for each split, and the items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from encoder.text import item_text
from evaluation import JudgedSet
from records import InputError, Item, Query
from training.pairs.item_texts import item_texts
from training.pairs.review import Review
from training.pairs.review_options import ReviewOptions
from training.pairs.review_reader import read_reviews
from training.pairs.reviews import review_pairs

_NO_QUALITY_FILTER: Mapping[str, Any] = MappingProxyType(
    {"min_words": 1, "min_letters": 0.0, "max_items": None, "min_rating": None}
)


def read_review_folder(folder: str | Path, split: str) -> tuple[dict[str, str], list[Review]]:
    """All items (id to encoder text) and the reviews of one split, unfiltered.

    Args:
        folder: holds ``<split>.jsonl[.gz]`` (or CSV, Parquet) and ``items.*``; without the latter the titles
            that the reviews of this split name are the items.
        split: "train", "dev", or "reviews" where there is but one file.

    Raises:
        InputError: no such folder or split (names those there), or nothing to read in it.
    """
    folder = Path(folder)
    files = {file.name.split(".")[0]: file for file in sorted(folder.glob("*.*")) if file.is_file()}
    splits = sorted(files.keys() - {"items"})
    if split not in splits:
        raise InputError(
            f"{folder} has no reviews of split '{split}' (found: {', '.join(splits) or 'none'})",
            fix=f"choose one of these, or add {split}.jsonl",
        )
    reviews = list(read_reviews(files[split]))
    return (item_texts(files["items"]) if "items" in files else _named(reviews)), reviews


def review_judged(
    folder: str | Path, split: str = "dev", options: ReviewOptions | None = None
) -> tuple[dict[str, str], JudgedSet]:
    """The reviews of a held-out split as queries and judgments, for ``evaluation.evaluate``.

    Of the options only lengths in characters, headline and mask count. The filters of quality are for
    training: what is measured is not chosen by how easy it is.

    Returns:
        Item id to encoder text, of all items; and the judged set, whose name says if it is the masked task.

    Raises:
        InputError: as ``read_review_folder``, or no review is long enough.
    """
    options = replace(options or ReviewOptions(), **_NO_QUALITY_FILTER)
    items, reviews = read_review_folder(folder, split)
    held_out = review_pairs(reviews, items, options)
    name = Path(folder).resolve().name + ("-masked" if options.mask else "")
    queries = tuple(Query(identity, text) for identity, text in held_out.queries.items())
    return items, JudgedSet(name, split, queries, held_out.grades)


def _named(reviews: Iterable[Review]) -> dict[str, str]:
    titles = {review.item_id: review.item_title for review in reviews if review.item_title}
    if not titles:
        raise InputError("the reviews name no items", fix="add items.jsonl (_id, title) to the folder")
    return {identity: item_text(Item(identity, title)) for identity, title in titles.items()}

"""Reviews as queries for the product that they are about (arXiv 2602.00899)."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from aisle.catalogue.judged import beir_task
from aisle.encoder.text import item_text, query_text
from aisle.errors import InputError
from aisle.evaluation import JudgedSet
from aisle.evaluation.encoders.tasks import Judged, check_task
from aisle.training.data.reviews import Review, ReviewOptions, cut_at_word, kept_reviews, read_reviews
from aisle.training.data.training_set import (
    UNJUDGED_GRADE,
    UNKNOWN_ITEM,
    Pair,
    PairSource,
    TrainingSet,
    item_texts,
    training_set,
)
from aisle.types import Item, Query

_WORD = re.compile(r"[^\W_]+")
_WORD_AND_GENITIVE = re.compile(r"([^\W_]+)(['\u2019]s(?![^\W_]))?", re.IGNORECASE)
_ES = ("sses", "shes", "ches", "xes", "zes")


def mask_title_words(text: str, title: str, *, plurals: bool = False) -> str:
    """The text without any word of the title, one line; what holds no letter or digit any more goes too.

    A word is a run of letters and digits. Words are equal if they are so case folded and without accents.
    Other words keep their order. Idempotent.

    Args:
        text: a review.
        title: of its product.
        plurals: words are also equal if they are so in the singular ("brushes", "brush"): harder still.
    """
    banned = {folded(word, plurals) for word in words_of(query_text(title))}

    def kept(match: re.Match[str]) -> str:
        word, genitive = match[1], match[2] or ""
        if folded(word, plurals) in banned:
            return " "
        return word if "s" in banned else word + genitive

    # Cleaned first: an invisible character within a word would hide it here and vanish later.
    chunks = _WORD_AND_GENITIVE.sub(kept, query_text(text)).split()
    return " ".join(chunk for chunk in chunks if _WORD.search(chunk))


def words_of(text: str) -> list[str]:
    """Its runs of letters and digits."""
    return _WORD.findall(text)


@lru_cache(maxsize=1 << 16)
def folded(word: str, plurals: bool) -> str:
    """Case folded and without accents; with ``plurals`` the plurals of English in the singular."""
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    word = "".join(mark for mark in decomposed if not unicodedata.combining(mark))
    return _singular(word) if plurals else word


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(_ES):
        return word[:-2]
    if len(word) > 2 and word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word


def review_pairs(
    reviews: Iterable[Review],
    items: Mapping[str, str],
    options: ReviewOptions | None = None,
    relevant: int = 2,
) -> TrainingSet:
    """Each review that passes the filters as a query of grade 3 for its item.

    Raises:
        InputError: no review is left.
    """
    options = options or ReviewOptions()
    passed, lost = kept_reviews(reviews, options)
    known = [review for review in passed if review.item_id in items]
    counts = Counter(lost)
    if len(known) < len(passed):
        counts[UNKNOWN_ITEM] += len(passed) - len(known)
    return training_set(_pairs(known, items, options), items, relevant=relevant, dropped=counts)


def review_query(review: Review, item: str, options: ReviewOptions) -> str:
    """The encoder text of a review; empty if masking leaves nothing.

    Args:
        review: what was written.
        item: encoder text of its item, whose words are masked.
        options: headline, length and masking.
    """
    text = f"{review.title}. {review.text}" if options.with_title and review.title else review.text
    if options.mask:
        text = mask_title_words(text, item, plurals=options.mask_plurals)
    return query_text(cut_at_word(text, options.max_chars) if options.max_chars else text)


def _pairs(reviews: Iterable[Review], items: Mapping[str, str], options: ReviewOptions) -> Iterator[Pair]:
    for review in reviews:
        query = review_query(review, items[review.item_id], options)
        yield Pair(review.id, query, review.item_id, UNJUDGED_GRADE, PairSource.REVIEWS)


VIEWS = (
    ("plain", ReviewOptions()),
    ("headline", ReviewOptions(with_title=True)),
    ("masked", ReviewOptions(with_title=True, mask=True)),
)
"""Name of a view and how its queries are made."""


def review_views(
    reviews: Iterable[Review], items: Mapping[str, str], masked_only: bool = False
) -> TrainingSet:
    """Every view of every review, a query each; ids are ``<view>:<review>``.

    Args:
        reviews: of one split.
        items: the catalogue, id to encoder text.
        masked_only: leave the easy views out.

    Raises:
        InputError: no review is left.
    """
    rows = tuple(reviews)
    chosen = [(name, options) for name, options in VIEWS if options.mask or not masked_only]
    sets = [(name, review_pairs(rows, items, options)) for name, options in chosen]
    pairs = [replace(pair, query_id=f"{name}:{pair.query_id}") for name, own in sets for pair in own.pairs]
    first = sets[0][1]
    grades = {pair.query_id: {pair.item_id: pair.grade} for pair in pairs}
    return replace(first, pairs=tuple(pairs), grades=grades)


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
    """The reviews of a held-out split as queries and judgments, for ``aisle.evaluation.metrics``.

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


def read_task(
    data: Path | None, reviews: Path | None, split: str = "dev", *, mask: bool = False, relevant: float = 2
) -> Judged:
    """The one task that is named: a BEIR folder or a folder of reviews.

    Raises:
        InputError: none or both are named, a mask without reviews, or a file cannot be read.
        EvaluationError: nothing in it can be scored.
    """
    if (data is None) == (reviews is None):
        raise InputError("the encoder needs one set to be judged on", fix="give --data DIR or --reviews DIR")
    if data is not None:
        if mask:
            raise InputError("only reviews can be masked", fix="use --mask with --reviews, not with --data")
        return beir_task(data, split, relevant)
    return reviews_task(reviews or Path(), split, ReviewOptions(mask=mask), relevant)


def reviews_task(
    folder: Path, split: str = "dev", options: ReviewOptions | None = None, relevant: float = 2
) -> Judged:
    """Reviews as queries, each for the product it is about; ``options.mask`` is the hard task.

    Raises:
        InputError: no such folder or split, or no review is long enough.
        EvaluationError: no review is of an item that the catalogue holds.
    """
    items, judged = review_judged(folder, split, options)
    return check_task(Judged(tuple(items), tuple(items.values()), judged), relevant)

"""Reviews as queries for the product that they are about (arXiv 2602.00899)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from encoder.text import query_text
from training.pairs.assemble import UNKNOWN_ITEM, training_set
from training.pairs.masking import mask_title_words
from training.pairs.pair import UNJUDGED_GRADE, Pair, Source
from training.pairs.review import Review
from training.pairs.review_filter import kept_reviews
from training.pairs.review_options import ReviewOptions
from training.pairs.review_text import cut_at_word
from training.pairs.training_set import TrainingSet


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
        yield Pair(review.id, query, review.item_id, UNJUDGED_GRADE, Source.REVIEWS)

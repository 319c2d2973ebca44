"""Reviews that say something about one product; the others are counted by reason. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from training.pairs.normalised import normalised
from training.pairs.review import Review
from training.pairs.review_options import ReviewOptions
from training.pairs.review_text import letters_share

TOO_SHORT = "review is too short"
FEW_WORDS = "review has too few words"
FEW_LETTERS = "review is mostly not letters"
LOW_RATING = "rating is too low, or missing"
REPEATED = "review occurs twice"
BOILERPLATE = "same review on many items"

_Test = Callable[[Review, ReviewOptions], bool]
_TESTS: tuple[tuple[str, _Test], ...] = (
    (TOO_SHORT, lambda review, options: len(review.text) < options.min_chars),
    (FEW_WORDS, lambda review, options: len(review.text.split()) < options.min_words),
    (FEW_LETTERS, lambda review, options: letters_share(review.text) < options.min_letters),
    (LOW_RATING, lambda review, options: _under(review.rating, options.min_rating)),
)


def kept_reviews(reviews: Iterable[Review], options: ReviewOptions) -> tuple[list[Review], dict[str, int]]:
    """The reviews that pass, in their order, and reason to number of those that do not."""
    lost: Counter[str] = Counter()
    kept: dict[str, tuple[Review, str]] = {}
    items: defaultdict[str, set[str]] = defaultdict(set)
    for review in reviews:
        reason = next((reason for reason, fails in _TESTS if fails(review, options)), "")
        if reason or review.id in kept:
            lost[reason or REPEATED] += 1
        else:
            text = normalised(review.text)
            kept[review.id] = review, text
            items[text].add(review.item_id)
    limit = options.max_items
    passed = [review for review, text in kept.values() if limit is None or len(items[text]) <= limit]
    if len(passed) < len(kept):
        lost[BOILERPLATE] = len(kept) - len(passed)
    return passed, dict(lost)


def _under(rating: float | None, least: float | None) -> bool:
    return least is not None and (rating is None or not rating >= least)

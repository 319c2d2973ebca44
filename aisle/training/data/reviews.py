"""Files of reviews: Amazon Reviews 2023 in two layouts, and reviews that name a product by its title only."""

from __future__ import annotations

import html
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from aisle.catalogue.options import ReadOptions
from aisle.catalogue.rejects import BadRow, Cells, Rejects
from aisle.catalogue.tables import open_table
from aisle.catalogue.values import identity, scalar, words
from aisle.errors import InputError
from aisle.markup import plain_line
from aisle.training.data.training_set import normalised


@dataclass(frozen=True, slots=True)
class Review:
    """What a buyer wrote about an item.

    Attributes:
        id: ``user:item:timestamp``; where no user is known, a hash of item and text.
        item_id: the item's id; where the data has none, its title.
        item_title: where the file of reviews names it, else empty.
        title: the review's own headline, may be empty.
        text: cleaned: one line, no tags, no HTML entities.
        rating: stars, or None.
    """

    id: str
    item_id: str
    item_title: str
    title: str
    text: str
    rating: float | None


@dataclass(frozen=True, slots=True)
class ReviewLayout:
    """Column names of one kind of file; empty where it has none."""

    item: str
    title: str
    text: str
    rating: str
    user: str = ""
    stamp: str = ""
    item_title: str = ""

    @property
    def required(self) -> frozenset[str]:
        """Columns that tell the layout."""
        return frozenset(filter(None, (self.item, self.title, self.text, self.user, self.stamp)))


LAYOUTS: tuple[ReviewLayout, ...] = (
    # Amazon Reviews 2023 as published (Hou et al., arXiv 2403.03952).
    ReviewLayout("parent_asin", "title", "text", "rating", user="user_id", stamp="timestamp"),
    # The same with plain names.
    ReviewLayout("item_id", "review_title", "review", "rating", user="user_id", stamp="timestamp_ms"),
    # No ids at all: the item's title is the item.
    ReviewLayout("item_title", "review_title", "review", "rating", item_title="item_title"),
)


def layout_of(columns: Collection[str]) -> ReviewLayout | None:
    """The first layout whose columns are all there."""
    return next((layout for layout in LAYOUTS if layout.required <= set(columns)), None)


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
    for row in open_table(path, ReadOptions()).rows(rejects):
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
    return plain_line(words(value, field))


def _rating(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class ReviewOptions:
    """Filters and form of reviews as queries.

    Attributes:
        min_chars: shortest review, in characters of its cleaned text without headline.
        max_chars: longer ones are cut there, at a word; None leaves that to the encoder.
        min_words: fewest words, between white space.
        min_letters: least share of letters among the characters (prices, emoji and dashes are none), 0 to 1.
        max_items: a text that stands on more items than this is boilerplate, and goes; None keeps it.
        min_rating: fewest stars; None takes complaints too, for they describe the product as well.
        with_title: put the review's own headline first.
        mask: take the words of the item's text out of the review: the hard task.
        mask_plurals: also their other number ("brush" for "brushes"): harder than the published task.

    Raises:
        InputError: a value out of range.
    """

    min_chars: int = 41
    max_chars: int | None = None
    min_words: int = 5
    min_letters: float = 0.5
    max_items: int | None = 3
    min_rating: float | None = None
    with_title: bool = False
    mask: bool = False
    mask_plurals: bool = False

    def __post_init__(self) -> None:
        if self.max_chars is not None and self.max_chars < max(1, self.min_chars):
            raise InputError(
                f"max_chars = {self.max_chars} is under min_chars = {self.min_chars}", fix="raise it"
            )
        if not 0 <= self.min_letters <= 1:
            raise InputError(f"min_letters = {self.min_letters} is no share", fix="use 0 to 1")
        if self.max_items is not None and self.max_items < 1:
            raise InputError(f"max_items = {self.max_items} keeps no review", fix="use 1 or more, or None")


TOO_SHORT = "review is too short"
FEW_WORDS = "review has too few words"
FEW_LETTERS = "review is mostly not letters"
LOW_RATING = "rating is too low, or missing"
REPEATED = "review occurs twice"
BOILERPLATE = "same review on many items"


def _failing(review: Review, options: ReviewOptions) -> str:
    """The first reason against a review, or an empty text."""
    reasons = (
        (TOO_SHORT, len(review.text) < options.min_chars),
        (FEW_WORDS, len(review.text.split()) < options.min_words),
        (FEW_LETTERS, letters_share(review.text) < options.min_letters),
        (LOW_RATING, _under(review.rating, options.min_rating)),
    )
    return next((reason for reason, fails in reasons if fails), "")


def kept_reviews(reviews: Iterable[Review], options: ReviewOptions) -> tuple[list[Review], dict[str, int]]:
    """The reviews that pass, in their order, and reason to number of those that do not."""
    lost: Counter[str] = Counter()
    kept: dict[str, tuple[Review, str]] = {}
    items: defaultdict[str, set[str]] = defaultdict(set)
    for review in reviews:
        reason = _failing(review, options)
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

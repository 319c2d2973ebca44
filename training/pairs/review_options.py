"""Which reviews become pairs, and how they read."""

from __future__ import annotations

from dataclasses import dataclass

from records import InputError


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

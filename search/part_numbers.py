"""Which words of a query look like part numbers. Pure.

They are told from sizes, amounts and models of few letters: "2x4", "18v", "12,000" and "r30" describe many
items, "DCD771C2" names one.
"""

from __future__ import annotations

import re

MIN_LENGTH = 5
# More words make a description.
MAX_WORDS = 8
# More numbers are a list.
MAX_NUMBERS = 3
# 12,000, 18.5, 12000 and 12000btu.
_AMOUNT = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?|\d+\.\d+|\d{1,2}0{3,}[a-z]*", re.IGNORECASE)
# Few digits with a unit or a noun behind: 120mm, 100ct, 4shelves.
_MEASURE = re.compile(r"\d{1,4}[a-z]+", re.IGNORECASE)
# 15x23, 36inx37in, 12by16.
_DIMENSIONS = re.compile(r"\d\W*[a-z]{0,4}\W*(x|by|\*)\W*\d", re.IGNORECASE)
# battery72517063, where a space is missing.
_LEADING_NOUN = re.compile(r"[a-z]{5,}\d+", re.IGNORECASE)
_EDGE = ".,;:!?()[]\"'#"


def part_numbers(text: str) -> tuple[str, ...]:
    """The words that look like part numbers, at most ``MAX_NUMBERS``; none if the query is longer than that.

    Args:
        text: a cleaned query.
    """
    words = text.split()
    if len(words) > MAX_WORDS:
        return ()
    found = tuple(word for word in (w.strip(_EDGE) for w in words) if is_part_number(word))
    return found if len(found) <= MAX_NUMBERS else ()


def is_part_number(word: str) -> bool:
    """Whether one word looks like a part number."""
    bare = "".join(filter(str.isalnum, word))
    if len(bare) < MIN_LENGTH or sum(map(str.isdigit, bare)) < 2:
        return False
    # Fractions, inches, shares and prices.
    if set(word) & set("/'\"*$%+°"):
        return False
    return not (
        _AMOUNT.fullmatch(word)
        or _MEASURE.fullmatch(bare)
        or _DIMENSIONS.search(word)
        or _LEADING_NOUN.fullmatch(word)
    )

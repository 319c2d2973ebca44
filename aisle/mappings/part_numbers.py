"""Part numbers: what looks like one, and the one spelling that an identifier is compared in. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Final

from aisle.mappings import fields

MIN_LENGTH: Final = 5
# Longer ones are words of their own.
MAX_PART: Final = 4
MAX_PARTS: Final = 4
MAX_CODES: Final = 200
"""Of one item; one with more variants than that is found by those that come first."""

MAX_CODE_CHARS: Final = 64
"""Of an attribute's value that may be a part number."""

# As long as an id may be; OpenSearch refuses documents with keywords of over 32,766 bytes.
_MAX_IDENTIFIER_CHARS: Final = 512

# 12,000, 18.5, 12000 and 12000btu.
_AMOUNT = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?|\d+\.\d+|\d{1,2}0{3,}[a-z]*", re.IGNORECASE)
# Few digits with a unit or a noun behind: 120mm, 100ct, 4shelves.
_MEASURE = re.compile(r"\d{1,4}[a-z]+", re.IGNORECASE)
# 15x23, 36inx37in, 12by16.
_DIMENSIONS = re.compile(r"\d\W*[a-z]{0,4}\W*(x|by|\*)\W*\d", re.IGNORECASE)
# battery72517063, where a space is missing.
_LEADING_NOUN = re.compile(r"[a-z]{5,}\d+", re.IGNORECASE)


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


_SEPARATOR = re.compile(r"[-_.]")


def is_spaced_number(words: Sequence[str]) -> bool:
    """Whether these words are one part number that is written with spaces: ``TM 050 M``."""
    longest = max((len(part) for word in words for part in _SEPARATOR.split(word)), default=0)
    return 1 < len(words) <= MAX_PARTS and longest <= MAX_PART and is_part_number("".join(words))


# GTIN-8 to GTIN-14: shops write them with zeros in front, and spreadsheets take them away.
_GTIN = re.compile(r"0+(\d{5,})")
_GTIN_LENGTHS: Final = range(8, 15)
_ISBN_10 = re.compile(r"\d{9}[\dx]")


def code_forms(identifier: str) -> tuple[str, ...]:
    """The spellings of which two identifiers share one if they are the same.

    Its letters and digits in lower case; a GTIN without the zeros in front as well, and of an ISBN-10 the
    ISBN-13 (ISO 2108). None of a text that is too long to be an identifier.
    """
    joined = fields.joined(identifier)
    if not 0 < len(joined) <= _MAX_IDENTIFIER_CHARS:
        return ()
    found = [joined]
    if len(joined) in _GTIN_LENGTHS and (gtin := _GTIN.fullmatch(joined)):
        found.append(gtin[1].lstrip("0") or joined)
    if _ISBN_10.fullmatch(joined) and (isbn := _isbn_13(joined)):
        found.append(isbn)
    return tuple(dict.fromkeys(found))


def _isbn_13(isbn: str) -> str:
    """Of an ISBN-10; empty if its check digit is wrong."""
    digits = [10 if mark == "x" else int(mark) for mark in isbn]
    if sum(weight * digit for weight, digit in zip(range(10, 0, -1), digits, strict=True)) % 11:
        return ""
    stem = f"978{isbn[:9]}"
    check = -sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(stem)) % 10
    return f"{stem}{check}"


def codes(identifiers: Iterable[str]) -> list[str]:
    """The forms of identifiers, see `code_forms`; at most ``MAX_CODES``."""
    return list(islice(dict.fromkeys(form for one in identifiers for form in code_forms(one)), MAX_CODES))


_LIST = re.compile(r"[,;|]\s*")


def attribute_codes(attributes: Mapping[str, Sequence[str]]) -> list[str]:
    """The forms of the values that look like part numbers, whatever their attribute is called."""
    parts = (part for values in attributes.values() for value in values for part in _LIST.split(value))
    short = (part for part in parts if len(part) <= MAX_CODE_CHARS)
    return codes(part for part in short if is_part_number(part) or is_spaced_number(part.split()))

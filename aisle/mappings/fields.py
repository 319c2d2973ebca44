"""Names of the fields of one item's document. Every other module takes them from here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

ID: Final = "id"
TITLE: Final = "title"
TEXT: Final = "text"
# The product; of an item that is no variant the item's own id, so that every document has one.
GROUP: Final = "group"
# A number made of it, by which products are counted: of a keyword the server looks each value up.
GROUP_HASH: Final = "group_hash"
VARIANT: Final = "variant"
BRAND: Final = "brand"
# Categories are kept three times: the path to each level ("Home", "Home > Kitchen"), which is counted; each
# level's own name, which is searched; and the paths as they are, which come back with a hit.
CATEGORY: Final = "category"
CATEGORY_NAME: Final = "category_name"
CATEGORIES: Final = "categories"
PRICE: Final = "price"
PRICE_MAX: Final = "price_max"
LIST_PRICE: Final = "list_price"
CURRENCY: Final = "currency"
IMAGES: Final = "images"
URL: Final = "url"
IDENTIFIERS: Final = "identifiers"
# Attributes are kept twice: as the object that comes back with a hit (not indexed), and as "name=value"
# keywords, so that a catalogue of ten thousand attribute names does not make ten thousand fields.
ATTRIBUTES: Final = "attributes"
FACET: Final = "facet"
# Names of an item's attributes and numbers, so that it can be counted how many items have each.
FACET_NAME: Final = "facet_name"
# Numbers likewise: as they are called, and each as a field of its own within an object.
NUMBERS: Final = "numbers"
NUMBER: Final = "number"
LANGUAGE: Final = "language"
LOCATION: Final = "location"
POPULARITY: Final = "popularity"
RATING: Final = "rating"
MARGIN: Final = "margin"
STOCK: Final = "stock"
AVAILABLE: Final = "available"
ADDED: Final = "added"
POPULARITY_RANK: Final = "popularity_rank"

# Of releases of schema version 1.
IMAGE: Final = "image"

DENSE: Final = "dense"
# A number made of the text that the dense vector was made of: items of one text tie by it.
TEXT_HASH: Final = "text_hash"
SPARSE: Final = "sparse"
# What an item is recommended by: the vector that a user's is multiplied with, and the prefixes of its
# semantic ID, see `sid`.
ITEM_VECTOR: Final = "item_vector"
# How many users took it, against the item that most of them took: 0 to 1.
TAKEN: Final = "taken"
# What an item is related to others by, a vector of each head of an item-to-item model: what sells together,
# and what is alike. An item of which a head knows nothing has none of it.
ENGAGEMENT: Final = "engagement"
RELEVANCE: Final = "relevance"
HEADS: Final = (ENGAGEMENT, RELEVANCE)
# Those that the k-NN plugin searches.
KNN_VECTORS: Final = frozenset((DENSE, ITEM_VECTOR, *HEADS))
# Those that a search asks, each by a leg of its own.
SEARCHED_VECTORS: Final = frozenset((DENSE, SPARSE))

SEARCH: Final = "search"
# Sub-field of what is only shown: how many values there are, so that `exists` can be asked of it.
COUNT: Final = "count"
# Sub-field of the id, which is an identifier too, and of a brand: one may write them in other ways.
JOINED: Final = "joined"
# Sub-field of the title by which it is sorted.
SORT: Final = "sort"
# Sub-field of a text field in which "LS-C300B" is also "LS", "C", "300" and "B", and "18V" also "18" and "V".
PARTS: Final = "parts"

# Every word of the searched fields as it is written, and its sub-field with their stems: what a word that no
# item has is told by. It is copied from them and is no part of a document.
SPELLING: Final = "spelling"
STEMS: Final = "stems"
# Sub-field of the words spelt backwards, where words are written together: their ends are beginnings there.
ENDS: Final = "ends"

# What makes words of attributes searchable: their values, and the names of those that are said to be true.
ATTRIBUTE_TEXT: Final = "attribute_text"
# Every two neighbouring words of titles, brands and categories as one word, copied from them: "wifi" of
# "Wi-Fi", and "headphones" of "head phones".
PAIRS: Final = "pairs"
# Numbers with units, see `aisle.mappings.measures`, and the spellings of identifiers and of attributes that
# look like some, see `aisle.mappings.part_numbers`.
MEASURES: Final = "measures"
CODES: Final = "codes"
ATTRIBUTE_CODES: Final = "attribute_codes"

# Analyzers, in the catalogue's language: of words as written, and backwards; of searchable text, and of its
# queries; of parts of words, and of a query's parts; of pairs of words, and of a query's pairs.
PLAIN: Final = "aisle_plain"
BACKWARDS: Final = "aisle_backwards"
ANALYZED: Final = "aisle_text"
ANALYZED_QUERY: Final = "aisle_text_query"
ANALYZED_PARTS: Final = "aisle_text_parts"
ANALYZED_PARTS_QUERY: Final = "aisle_text_parts_query"
ANALYZED_PAIRS: Final = "aisle_pairs"
ANALYZED_PAIRS_QUERY: Final = "aisle_pairs_query"
# Normalizer of identifiers, see `joined`.
JOINED_LETTERS: Final = "aisle_joined"
# Normalizer of what is sorted: neither case nor accents decide.
SORTED_LETTERS: Final = "aisle_sorted"

# Those of releases before schema version 3 had no `CODES`.
IDENTIFIER_FIELDS: Final = (CODES, IDENTIFIERS, f"{ID}.{JOINED}")
SIGNALS: Final = (POPULARITY, RATING, MARGIN, STOCK, AVAILABLE, ADDED)
# What a page needs to show an item; vectors never travel back.
DISPLAY: Final = (
    *(ID, TITLE, TEXT, GROUP, VARIANT, BRAND, CATEGORIES, PRICE, PRICE_MAX, LIST_PRICE, CURRENCY),
    *(IMAGES, URL, IDENTIFIERS, ATTRIBUTES, NUMBERS, LANGUAGE, LOCATION, *SIGNALS),
    *(CATEGORY, IMAGE),
)
# Made of an item, and only there to be searched, filtered and counted by.
DERIVED: Final = (
    *(CATEGORY_NAME, FACET, FACET_NAME, NUMBER, POPULARITY_RANK),
    *(ATTRIBUTE_TEXT, MEASURES, CODES, ATTRIBUTE_CODES, GROUP_HASH),
)
# All that is made of an item itself; the rest are vectors and semantic ids, which are made of its text.
OF_ITEM: Final = frozenset((*DISPLAY, *DERIVED))

# Field of an item to the one that `exists` is asked of: which share of a release has it.
PRESENCE: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{
            name: name for name in (TEXT, BRAND, PRICE, LIST_PRICE, CURRENCY, IDENTIFIERS, LANGUAGE, LOCATION)
        },
        **{name: name for name in SIGNALS},
        "group": VARIANT,
        "categories": CATEGORY,
        "attributes": FACET,
        "images": f"{IMAGES}.{COUNT}",
        "url": f"{URL}.{COUNT}",
    }
)


def in_language(analyzer: str, code: str) -> str:
    """The analyzer for a further language of the catalogue."""
    return f"{analyzer}_{code}"


def searched_in(field: str, code: str) -> str:
    """The sub-field in which a field's text is searched in a further language: ``title.de``."""
    return f"{field.partition('.')[0]}.{code}"


def sid(level: int) -> str:
    """The field of semantic IDs' prefixes of so many codes, 1 or more: ``sid2`` holds "5-42"."""
    return f"sid{level}"


def is_sid(field: str) -> bool:
    """Whether it is one of `sid`."""
    return re.fullmatch(r"sid[1-9][0-9]*", field) is not None


SID_SEPARATOR: Final = "-"


def sid_prefix(codes: Sequence[int]) -> str:
    """The first codes of a semantic ID as the keyword that it is filtered by."""
    return SID_SEPARATOR.join(map(str, codes))


def sid_codes(prefix: str) -> tuple[int, ...]:
    """The codes of a `sid_prefix`."""
    return tuple(map(int, prefix.split(SID_SEPARATOR)))


FACET_SEPARATOR: Final = "="
PATH_SEPARATOR: Final = " > "


def facet_value(name: str, value: str) -> str:
    """One attribute as the keyword it is filtered and counted by: ``Colour=Red``.

    A ``=`` in a name becomes a space, so that the first one always separates.
    """
    return f"{facet_name(name)}{FACET_SEPARATOR}{value}"


def facet_name(name: str) -> str:
    """The name of an attribute as it stands before the first ``=`` of its `facet_value`."""
    return name.replace(FACET_SEPARATOR, " ")


def category_path(levels: Sequence[str]) -> str:
    """One category as the keyword it is filtered and counted by: ``Home > Kitchen``."""
    return PATH_SEPARATOR.join(levels)


# Field names must not have dots, and a longer one helps nobody.
_MAX_SLUG_CHARS: Final = 100


def number_slug(name: str) -> str:
    """The name of a number's field below ``NUMBER``: ``Weight (kg)`` is ``weight_kg``.

    Empty for a name without letters and digits: such a number is only shown.
    """
    return "_".join(re.findall(r"[^\W_]+", name.casefold()))[:_MAX_SLUG_CHARS]


def number_field(name: str) -> str:
    """The field that a number of this name is filtered by."""
    return f"{NUMBER}.{number_slug(name)}"


def joined(identifier: str) -> str:
    """An identifier as it is compared, by ``JOINED_LETTERS``: its letters and digits in lower case."""
    return "".join(filter(str.isalnum, identifier.lower()))

"""Names of the fields of one item's document. Every other module takes them from here."""

from __future__ import annotations

from typing import Final

ID: Final = "id"
TITLE: Final = "title"
TEXT: Final = "text"
BRAND: Final = "brand"
CATEGORY: Final = "category"
PRICE: Final = "price"
IMAGE: Final = "image"
# Attributes are kept twice: as the object that comes back with a hit (not indexed), and as "name=value"
# keywords, so that a catalogue of ten thousand attribute names does not make ten thousand fields.
ATTRIBUTES: Final = "attributes"
FACET: Final = "facet"
SEARCH: Final = "search"
DENSE: Final = "dense"
SPARSE: Final = "sparse"
SID_PREFIXES: Final = ("sid1", "sid2", "sid3", "sid4")

# Sub-field of a text field in which "LS-C300B" is also "LS", "C", "300" and "B", and "18V" also "18" and "V".
PARTS: Final = "parts"

# Every word of the searched fields as it is written, and its sub-field with their stems: what a word that no
# item has is told by. It is copied from them and is no part of a document.
SPELLING: Final = "spelling"
STEMS: Final = "stems"

# Analyzers: of words as written; of searchable text, and of its queries where there are synonyms; of parts of
# words, and of a query's parts.
PLAIN: Final = "aisle_plain"
ENGLISH: Final = "aisle_english"
ENGLISH_QUERY: Final = "aisle_english_query"
ENGLISH_PARTS: Final = "aisle_english_parts"
ENGLISH_PARTS_QUERY: Final = "aisle_english_parts_query"

# What a page needs to show an item; vectors never travel back.
DISPLAY: Final = (ID, TITLE, TEXT, BRAND, CATEGORY, PRICE, IMAGE, ATTRIBUTES)

FACET_SEPARATOR: Final = "="


def facet_value(name: str, value: str) -> str:
    """One attribute as the keyword it is filtered and counted by: ``Colour=Red``.

    A ``=`` in a name becomes a space, so that the first one always separates.
    """
    return f"{name.replace(FACET_SEPARATOR, ' ')}{FACET_SEPARATOR}{value}"

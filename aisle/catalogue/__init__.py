"""Catalogues of every common kind as a stream of items; bad rows are set aside, never fatal."""

from aisle.catalogue.columns import ReadOptions, parse_map
from aisle.catalogue.formats.amazon_reviews import read_interactions, read_review_queries
from aisle.catalogue.formats.esci import EsciOptions, read_esci_examples
from aisle.catalogue.reader import formats, read_catalogue

__all__ = [
    "EsciOptions",
    "ReadOptions",
    "formats",
    "parse_map",
    "read_catalogue",
    "read_esci_examples",
    "read_interactions",
    "read_review_queries",
]

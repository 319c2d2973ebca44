"""Catalogues of every common kind as a stream of items; bad rows are set aside, never fatal."""

from catalogue.amazon_reviews import read_interactions, read_review_queries
from catalogue.catalogue import formats, read_catalogue
from catalogue.esci import EsciOptions, read_esci_examples
from catalogue.options import ReadOptions, parse_map

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

"""Catalogues of every common kind as a stream of items; bad rows are set aside, never fatal."""

from aisle.catalogue.formats.amazon_reviews import read_interactions, read_review_queries
from aisle.catalogue.formats.esci import EsciOptions, read_esci_examples
from aisle.catalogue.options import ReadOptions, parse_map
from aisle.catalogue.reader import Catalogue, formats, read_catalogue

__all__ = [
    "Catalogue",
    "EsciOptions",
    "ReadOptions",
    "formats",
    "parse_map",
    "read_catalogue",
    "read_esci_examples",
    "read_interactions",
    "read_review_queries",
]

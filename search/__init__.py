"""The search client: question in, explained hits out."""

from search.client import SearchClient
from search.facets import Facets
from search.filters import Filters
from search.fusion import Fused, LegResult, fuse
from search.legs import Bm25Leg, DenseLeg, Leg, Question
from search.page import Page, Timings
from search.preflight import read_live
from search.ranking import Ranking

__all__ = [
    "Bm25Leg",
    "DenseLeg",
    "Facets",
    "Filters",
    "Fused",
    "Leg",
    "LegResult",
    "Page",
    "Question",
    "Ranking",
    "SearchClient",
    "Timings",
    "fuse",
    "read_live",
]

"""The search client: question in, explained hits out."""

from aisle.mappings.signals import SignalBoosts
from aisle.search.client import SearchClient
from aisle.search.facets.options import FacetOptions
from aisle.search.facets.results import Facets
from aisle.search.filters import Filters
from aisle.search.fusion import Fused, LegResult, fuse
from aisle.search.groups import GroupOptions
from aisle.search.legs import Bm25Leg, DenseLeg, Leg, Question, SparseLeg
from aisle.search.near import Near
from aisle.search.page import Correction, Matched, MatchType, Page, Timings
from aisle.search.preflight import read_live
from aisle.search.rank import CascadeStage, PairScorer, Reranker, RerankOptions
from aisle.search.ranking import Ranking
from aisle.search.request import SearchRequest
from aisle.search.sorting import Sort

__all__ = [
    "Bm25Leg",
    "CascadeStage",
    "Correction",
    "DenseLeg",
    "FacetOptions",
    "Facets",
    "Filters",
    "Fused",
    "GroupOptions",
    "Leg",
    "LegResult",
    "MatchType",
    "Matched",
    "Near",
    "Page",
    "PairScorer",
    "Question",
    "Ranking",
    "RerankOptions",
    "Reranker",
    "SearchClient",
    "SearchRequest",
    "SignalBoosts",
    "Sort",
    "SparseLeg",
    "Timings",
    "fuse",
    "read_live",
]

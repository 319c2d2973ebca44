"""The search client: question in, explained hits out."""

from aisle.search.client import SearchClient
from aisle.search.facets import Facets
from aisle.search.filters import Filters
from aisle.search.fusion import Fused, LegResult, fuse
from aisle.search.legs import Bm25Leg, DenseLeg, Leg, Question, SparseLeg
from aisle.search.page import Correction, Page, MatchType, Timings
from aisle.search.preflight import read_live
from aisle.search.rank import PairScorer, Reranker, RerankOptions, CascadeStage
from aisle.search.rank.candidates import RerankedOrder
from aisle.search.ranking import Ranking

__all__ = [
    "Bm25Leg",
    "Correction",
    "DenseLeg",
    "Facets",
    "Filters",
    "Fused",
    "Leg",
    "LegResult",
    "Page",
    "PairScorer",
    "Question",
    "Ranking",
    "RerankOptions",
    "Reranker",
    "RerankedOrder",
    "SearchClient",
    "MatchType",
    "SparseLeg",
    "CascadeStage",
    "Timings",
    "fuse",
    "read_live",
]

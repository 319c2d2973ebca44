"""The search client: question in, explained hits out."""

from search.client import SearchClient
from search.correction import Correction
from search.facets import Facets
from search.filters import Filters
from search.fusion import Fused, LegResult, fuse
from search.legs import Bm25Leg, DenseLeg, Leg, Question
from search.page import Page, Timings
from search.preflight import read_live
from search.ranking import Ranking
from search.rerank import PairScorer, Reranker, RerankOptions, Stage
from search.reranking import Reranking
from search.search_path import SearchPath
from search.sparse_leg import SparseLeg

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
    "Reranking",
    "SearchClient",
    "SearchPath",
    "SparseLeg",
    "Stage",
    "Timings",
    "fuse",
    "read_live",
]

"""Reranking: a model reads the query with the best candidates' texts and puts these in a better order."""

from aisle.search.rank.reranker import Reranker, RerankOptions, RerankResult
from aisle.search.rank.stage import CascadeStage, PairScorer

__all__ = ["CascadeStage", "PairScorer", "RerankOptions", "RerankResult", "Reranker"]

"""Reranking: a model reads the query with the best candidates' texts and puts these in a better order."""

from aisle.search.rank.reranker import RerankResult, Reranker, RerankOptions
from aisle.search.rank.stage import PairScorer, CascadeStage

__all__ = ["PairScorer", "RerankOptions", "RerankResult", "Reranker", "CascadeStage"]

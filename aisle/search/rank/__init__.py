"""Reranking: a model reads the query with the best candidates' texts and puts these in a better order."""

from aisle.search.rank.reranker import Reranked, Reranker, RerankOptions
from aisle.search.rank.stage import PairScorer, Stage

__all__ = ["PairScorer", "RerankOptions", "Reranked", "Reranker", "Stage"]

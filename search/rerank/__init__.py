"""Reranking: a model reads the query with the best candidates' texts and puts these in a better order."""

from search.rerank.options import RerankOptions
from search.rerank.reranker import Reranked, Reranker
from search.rerank.stage import PairScorer, Stage

__all__ = ["PairScorer", "RerankOptions", "Reranked", "Reranker", "Stage"]

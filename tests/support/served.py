"""Catalogues of tests behind the service."""

from __future__ import annotations

from dataclasses import dataclass

from aisle._recommendations import FoundClient
from aisle.cluster import Cluster
from aisle.encoder.base import QueryEncoder
from aisle.errors import ForeignIndex
from aisle.mappings import IndexMeta
from aisle.search import Bm25Leg, DenseLeg, Reranker, SearchClient, read_live
from aisle.search.rank.ranker import Ranker
from aisle.search.recommend.client import RecommendationArtifacts, RecommendationClient
from aisle.search.similar.client import SimilarArtifacts, SimilarItemsClient
from aisle.service.catalogues import OpenCatalogue


@dataclass(frozen=True, slots=True)
class TestCatalogue:
    """An index that tests made, with an encoder and models of their own."""

    __test__ = False

    name: str
    cluster: Cluster
    encoder: QueryEncoder | None = None
    recommends: RecommendationArtifacts | None = None
    relates: SimilarArtifacts | None = None
    reranker: Reranker | None = None
    ranker: Ranker | None = None

    def live(self) -> IndexMeta:
        return read_live(self.cluster, self.name).meta

    def open(self) -> OpenCatalogue:
        missing = ForeignIndex("the release was made without it", fix="index the catalogue with it")
        recommending: FoundClient[RecommendationClient] = FoundClient(None, missing)
        if self.recommends:
            recommending = FoundClient(RecommendationClient(self.cluster, self.name, self.recommends))
        relating: FoundClient[SimilarItemsClient] = FoundClient(None, missing)
        if self.relates:
            relating = FoundClient(SimilarItemsClient(self.cluster, self.name, self.relates))
        legs = (Bm25Leg(), DenseLeg()) if self.encoder else (Bm25Leg(),)
        search = SearchClient(
            self.cluster,
            self.name,
            self.encoder,
            legs,
            window=50,
            ranker=self.ranker,
            reranker=self.reranker,
        )
        return OpenCatalogue(
            self.name, self.live(), search, recommending, relating, self.reranker is not None
        )

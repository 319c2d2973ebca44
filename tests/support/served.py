"""Catalogues of tests behind the service."""

from __future__ import annotations

from dataclasses import dataclass

from aisle.cluster import Cluster
from aisle.encoder.base import QueryEncoder
from aisle.errors import AisleError, ForeignIndex
from aisle.mappings import IndexMeta
from aisle.search import SearchClient, read_live
from aisle.search.recommend.client import RecommendationArtifacts, RecommendationClient
from aisle.service.catalogues import OpenCatalogue


@dataclass(frozen=True, slots=True)
class TestCatalogue:
    """An index that tests made, with an encoder and a recommender of their own."""

    __test__ = False

    name: str
    cluster: Cluster
    encoder: QueryEncoder | None = None
    recommends: RecommendationArtifacts | None = None

    def live(self) -> IndexMeta:
        return read_live(self.cluster, self.name).meta

    def open(self) -> OpenCatalogue:
        recommending: RecommendationClient | AisleError = ForeignIndex(
            "the release was made without a recommender", fix="index the catalogue with --recommender"
        )
        if self.recommends:
            recommending = RecommendationClient(self.cluster, self.name, self.recommends)
        search = SearchClient(self.cluster, self.name, self.encoder, window=50)
        return OpenCatalogue(self.name, self.live(), search, recommending)

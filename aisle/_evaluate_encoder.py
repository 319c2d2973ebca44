"""How good an encoder is: model loss, index loss, size, speed, and what it forgot."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from opensearchpy import OpenSearch

from aisle.cluster import Cluster
from aisle.cluster.client import connected
from aisle.cluster.failures import RetryPolicy
from aisle.encoder import ArtifactStore
from aisle.evaluation.encoders.hnsw import HnswSearch
from aisle.evaluation.encoders.markdown import to_markdown
from aisle.evaluation.encoders.quality import parse_widths
from aisle.evaluation.encoders.vector_table import KeptSearch
from aisle.indexer import IndexOptions, ItemEncoder, index_catalogue
from aisle.indexer.lease.state import StateIndex
from aisle.indexer.options import vector_engine
from aisle.indexer.releases.log import forget_log
from aisle.indexer.vectors import Vectors
from aisle.mappings import IndexMeta, VectorSpace, fields
from aisle.mappings.vector_types import VectorStorage, VectorType
from aisle.search import read_live
from aisle.search.neighbours import nearest
from aisle.types import Item, Say

if TYPE_CHECKING:
    from aisle.evaluation.encoders.exact import Neighbours
    from aisle.evaluation.encoders.judge import EncoderReport

__all__ = ["USUAL_GRAPH", "IndexSearch", "VectorType", "evaluate_encoder", "parse_widths", "to_markdown"]

USUAL_GRAPH = HnswSearch()
"""How the graph of an index is built and searched."""


def evaluate_encoder(
    ref: str | Path,
    *,
    data: str | Path | None = None,
    reviews: str | Path | None = None,
    mask: bool = False,
    split: str = "dev",
    outside: Sequence[str | Path] = (),
    base: str | Path | None = None,
    widths: Sequence[int] = (),
    m: int = USUAL_GRAPH.m,
    ef_construction: int = USUAL_GRAPH.ef_construction,
    ef_search: int = USUAL_GRAPH.ef_search,
    index: bool = False,
    vectors: Sequence[str] = (),
    weights: str | None = None,
    texts: int = 1000,
    relevant: float = 2,
    cluster: OpenSearch | None = None,
    store: ArtifactStore | None = None,
    progress: Say | None = None,
) -> EncoderReport:
    """Judge an encoder: what the model loses, what the index loses, size, speed, and what it forgot.

    Example:
        >>> report = aisle.evaluate_encoder("my-encoder", data="judged", outside=["icecat"])

    Args:
        ref: the artifact: a path, a name or a fingerprint.
        data: BEIR folder with ``corpus.jsonl``, ``queries.jsonl`` and ``qrels/<split>.tsv``.
        reviews: instead of ``data``: folder of reviews, as queries for the products they are about.
        mask: with ``reviews``, the hard task: a product's title words are removed from its reviews.
        split: which judgments.
        outside: BEIR folders of other domains, for what it forgot.
        base: artifact that it was trained from; None: its base model, if that is in the store.
        widths: of the vectors; none given: the full width and 64.
        m: links per node of the HNSW graph.
        ef_construction: beam while the graph is built.
        ef_search: beam while it is searched.
        index: ask the dense leg of a real index as well, which is made for it and deleted.
        vectors: types that vectors may be kept as ("fp16", "byte", "disk"), each compared with full ones by
            exact search; with ``index``, in an index of its own too.
        weights: the checkpoint it was exported from, to time fp32 beside it.
        texts: catalogue texts to time; 0 leaves all timing out.
        relevant: lowest grade that counts as relevant.
        cluster: connection for ``index``; None: that of ``AISLE_URL``, else the node of `aisle up`.
        store: where artifacts are looked up; None: the one under ``AISLE_HOME``.
        progress: takes a line before each step.

    Raises:
        InputError: data, a width or a beam cannot be used, or a folder is at home and outside.
        EvaluationError: nothing to score.
        ArtifactNotFound, ArtifactCorrupt: the encoder cannot be loaded.
        CapabilityMissing: with ``index``, the cluster does not keep vectors of such a type.
        MissingExtra: the graph needs faiss, the weights need torch (extra ``train``).
        ClusterError: with ``index``, the cluster does not answer.
    """
    from aisle.catalogue.judged import beir_task, require_apart
    from aisle.evaluation.encoders.judge import JudgeOptions, judge_encoder, open_pair
    from aisle.training.data.review_pairs import read_task

    require_apart(data, outside)
    graphs: dict[str, Neighbours] = {"faiss HNSW": HnswSearch(m, ef_construction, ef_search)}
    types = [VectorType.of(name) for name in vectors]
    graphs |= {f"exact, {kept_as.value}": KeptSearch(kept_as) for kept_as in types}
    if index:
        node = connected(cluster)
        for kept_as in types:
            # Before anything is encoded.
            vector_engine(node, kept_as)
        graphs["OpenSearch HNSW"] = IndexSearch(node)
        graphs |= {f"OpenSearch HNSW, {kept_as.value}": IndexSearch(node, kept_as) for kept_as in types}
    options = JudgeOptions(tuple(widths), relevant, graphs, texts, weights)
    task = read_task(_path(data), _path(reviews), split, mask=mask, relevant=relevant)
    others = [beir_task(Path(folder), split, relevant) for folder in outside]
    model, base_model = open_pair(ref, base, store or ArtifactStore.default())
    return judge_encoder(
        model, task, options, base=base_model, outside=others, progress=progress or (lambda _: None)
    )


def _path(folder: str | Path | None) -> Path | None:
    return None if folder is None else Path(folder)


Floats = NDArray[np.float32]
# What is left over of a name that nobody uses again is no reason to wait.
_TIDY = RetryPolicy(deadline_s=5, request_timeout_s=5)


@dataclass(frozen=True, slots=True)
class IndexSearch:
    """Searches an index of the vectors, which it makes as `aisle index` does and deletes again.

    Attributes:
        cluster: with room for the vectors.
        kept_as: type of their numbers.
    """

    cluster: Cluster
    kept_as: VectorType = VectorType.FP32

    def __call__(self, queries: Floats, items: Floats, ids: Sequence[str], depth: int, /) -> list[list[str]]:
        """What the dense leg finds for each query, best first, equal scores in order of id.

        Args:
            queries: float32 [queries, dims], unit rows.
            items: float32 [items, dims], unit rows.
            ids: one per item.
            depth: results per query.

        Raises:
            ClusterError, IndexingError: the index could not be made or asked; it is deleted then too.
        """
        depth = min(depth, len(ids))
        # A vector's position is its document's id: whatever the catalogue's own ids are, OpenSearch takes it.
        positions = (Item(id=str(position), title=str(position)) for position in range(len(ids)))
        space = VectorSpace("0" * 64, "given vectors", items.shape[1])

        def look_up(batch: Sequence[Item]) -> Vectors:
            return {fields.DENSE: items[[int(item.id) for item in batch]]}

        name = f"aisle-neighbours-{uuid.uuid4().hex[:12]}"
        storage = VectorStorage.fitted(self.kept_as, items)
        options = IndexOptions(name, max_refused_share=0.0, fusions=(), vectors=storage)
        encoder = ItemEncoder({fields.DENSE: space}, look_up)
        try:
            release = index_catalogue(self.cluster, positions, encoder, options).release
            try:
                meta = read_live(self.cluster, release).meta
                return [_nearest(self.cluster, meta, query, ids, depth) for query in queries]
            finally:
                self.cluster.indices.delete(index=release)
        finally:
            StateIndex(self.cluster, name).forget(_TIDY)
            forget_log(self.cluster.retrying(_TIDY), name)


def _nearest(cluster: Cluster, meta: IndexMeta, query: Floats, ids: Sequence[str], depth: int) -> list[str]:
    found = nearest(cluster, meta, meta.vectors.numbers(query), depth).found
    scored = sorted(
        (-score, ids[int(position)]) for position, score in zip(found.ids, found.scores, strict=True)
    )
    return [id_ for _, id_ in scored]

"""Opens a search client for an index with the very encoders that the index was built with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from opensearchpy import OpenSearch

from aisle._ordering import NO_MODEL, named_ranker, open_reranker, release_ranker, release_reranker
from aisle.cluster.client import connected
from aisle.encoder import ArtifactStore, DenseEncoder, SparseEncoder
from aisle.errors import AisleError, ArtifactMismatch, ArtifactNotFound, InputError
from aisle.mappings import VectorSpace, fields
from aisle.mappings.meta import catalogue_of
from aisle.search import Bm25Leg, DenseLeg, Leg, Reranker, SearchClient, SparseLeg, read_live
from aisle.search.facets.results import CountsOf
from aisle.search.filter_texts import attribute_values, name_and_value, number_ranges
from aisle.search.page import Matched, MatchType
from aisle.search.rank.ranker import Ranker
from aisle.search.rank.reranker import SCORES, USUAL_WEIGHT
from aisle.search.rules.live import FixedRules, RulesReader
from aisle.search.systems import named_fusion

__all__ = [
    "SCORES",
    "USUAL_WEIGHT",
    "CountsOf",
    "MatchType",
    "Matched",
    "attribute_values",
    "catalogue_of",
    "explain_item",
    "name_and_value",
    "named_fusion",
    "number_ranges",
    "open_reranker",
    "open_search",
]


M = TypeVar("M", DenseEncoder, SparseEncoder)


def load_release_encoder(
    release: str, space: VectorSpace, store: ArtifactStore, ref: str | Path | None = None
) -> DenseEncoder:
    """The artifact with the fingerprint of ``space``, loaded.

    Args:
        release: for messages.
        space: of its vectors, from ``_meta``.
        store: where artifacts are looked up.
        ref: a reference to use instead; it is still held to that fingerprint.

    Raises:
        ArtifactNotFound: it is not on this machine.
        ArtifactMismatch: ``ref`` names another encoder.
        ArtifactCorrupt: see ``DenseEncoder.load``.
    """
    return _opened(DenseEncoder, "encoder", "--encoder", release, space, store, ref)


def load_release_sparse_encoder(
    release: str, space: VectorSpace, store: ArtifactStore, ref: str | Path | None = None
) -> SparseEncoder:
    """The sparse artifact with the fingerprint of ``space``, the sparse field's; raises the same errors."""
    return _opened(SparseEncoder, "sparse encoder", "--sparse", release, space, store, ref)


def _opened(
    kind: type[M],
    what: str,
    option: str,
    release: str,
    space: VectorSpace,
    store: ArtifactStore,
    ref: str | Path | None,
) -> M:
    """An encoder of that kind; messages call it ``what``, and ``option`` is what names another one."""
    built = f"index {release} was built with {what} {space.name} ({space.fingerprint[:12]})"
    try:
        path = store.resolve(space.fingerprint if ref is None else ref, kind.kind)
    except ArtifactNotFound as error:
        if ref is not None:
            raise
        raise ArtifactNotFound(
            f"{built}, which is not on this machine",
            fix=f"copy its artifact folder here and pass {option} PATH, or index the catalogue again",
        ) from error
    model = kind.load(path)
    if model.fingerprint != space.fingerprint:
        raise ArtifactMismatch(
            f"{built}, not with {model.fingerprint[:12]}",
            fix=f"leave {option} out to use the index's own, or index the catalogue again",
        )
    return model


def open_search(
    name: str,
    *,
    encoder: str | Path | None = None,
    sparse: str | Path | None = None,
    window: int = 100,
    typos: bool = True,
    exact: bool = True,
    negation: bool = True,
    ranker: Ranker | str | Path | None = None,
    reranker: Reranker | str | None = None,
    rules: bool | FixedRules = True,
    cluster: OpenSearch | None = None,
    store: ArtifactStore | None = None,
) -> SearchClient:
    """A search client for an index, with the very encoders that the index was built with.

    Open it once and keep it: loading the encoders takes about a second.

    Example:
        >>> shop = aisle.open_search("shop")
        >>> [hit.item.title for hit in shop.search("cordless drill", size=2).hits]
        ['18 V cordless drill', 'Cordless drill with case']

    Args:
        name: of the catalogue (its live release), or of one release.
        encoder: reference to use instead of the index's own; it is still held to its fingerprint.
        sparse: the same for the sparse encoder.
        window: candidates per leg; pages are cut from their union. With a ranker at least as many as that
            orders.
        typos: correct words that no item has.
        exact: put items first that the query names by id or part number.
        negation: leave out what the query takes out: "-leather" and "without leather".
        ranker: orders the best candidates of every search: an artifact of `aisle.train_ranker`; None: the
            one that the release names, see `aisle.bind_models`; "none" for none.
        reranker: for searches that ask for reranking: an artifact, or several as in ``small:100,large:20``,
            where each reads so many of the best that the one before left; None and "none" likewise.
        rules: let the catalogue's rules act; they are read again every few seconds. Or rules to act in their
            place.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.
        store: where artifacts are looked up; None: the one under ``AISLE_HOME``.

    Raises:
        IndexNotFound, ForeignIndex: there is no such index, or Aisle did not make it.
        ArtifactNotFound, ArtifactMismatch: the index's encoder is not on this machine, or another was named;
            a ranker is not there, of another version, or learned with other encoders than the release's.
        ArtifactCorrupt: an artifact's files are not what was built.
        ClusterError: the cluster does not answer.
    """
    client, store = connected(cluster), store or ArtifactStore.default()
    meta = read_live(client, name).meta
    if ranker is None:
        ranker = release_ranker(meta, store)
    elif isinstance(ranker, str | Path):
        ranker = None if ranker == NO_MODEL else named_ranker(meta, ranker, store)
    if reranker is None:
        reranker = release_reranker(meta, store)
    elif isinstance(reranker, str):
        reranker = None if reranker == NO_MODEL else open_reranker(reranker, store)
    legs: list[Leg] = [Bm25Leg()]
    dense_model = sparse_model = None
    if space := meta.spaces.get(fields.DENSE):
        dense_model = load_release_encoder(meta.release, space, store, encoder)
        legs.append(DenseLeg())
    if space := meta.spaces.get(fields.SPARSE):
        sparse_model = load_release_sparse_encoder(meta.release, space, store, sparse)
        legs.append(SparseLeg())
    return SearchClient(
        client,
        name,
        dense_model,
        legs,
        window,
        sparse_model,
        typos=typos,
        exact=exact,
        negation=negation,
        ranker=ranker,
        reranker=reranker,
        rules=(RulesReader(client) if rules else None) if isinstance(rules, bool) else rules,
    )


@dataclass(frozen=True, slots=True)
class ExplainedItem:
    """The tokens of one item and how much each weighs.

    Attributes:
        release: index that was asked.
        id, title: of the item.
        encoder: name of the sparse artifact, fingerprint: its 64 hex digits.
        tokens: token to weight, heaviest first.
    """

    release: str
    id: str
    title: str
    encoder: str
    fingerprint: str
    tokens: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "release": self.release,
            "id": self.id,
            "title": self.title,
            "encoder": self.encoder,
            "fingerprint": self.fingerprint,
            "tokens": dict(self.tokens),
        }


def explain_item(name: str, item: str, *, cluster: OpenSearch | None = None) -> ExplainedItem:
    """What the sparse leg knows of an item: the weights of its tokens, as the live release holds them.

    Example:
        >>> aisle.explain_item("shop", "100002").tokens
        {'drill': 1.9, 'cordless': 1.4, 'battery': 0.8}

    Args:
        name: of the catalogue.
        item: its id.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.

    Raises:
        IndexNotFound, ForeignIndex: there is no such index, or Aisle did not make it.
        ArtifactMismatch: the index was made without a sparse encoder.
        InputError: there is no such item.
        ClusterError: the cluster does not answer.
    """
    client = connected(cluster)
    meta = read_live(client, name).meta
    space = meta.spaces.get(fields.SPARSE)
    if space is None:
        raise ArtifactMismatch(
            f"index {meta.release} has no sparse weights",
            fix="index the catalogue with --sparse ARTIFACT; `aisle train sparse` makes one",
        )
    try:
        found = client.get(
            index=meta.release, id=item, params={"_source_includes": f"{fields.TITLE},{fields.SPARSE}"}
        )
    except AisleError as error:
        if error.status != 404:
            raise
        raise InputError(
            f"there is no item {item!r} in {meta.release}",
            fix=f"take an id from `aisle search --name {name}`",
        ) from error
    source = found["_source"]
    tokens = sorted(source.get(fields.SPARSE, {}).items(), key=lambda pair: (-pair[1], pair[0]))
    return ExplainedItem(
        meta.release, item, source.get(fields.TITLE, ""), space.name, space.fingerprint, dict(tokens)
    )

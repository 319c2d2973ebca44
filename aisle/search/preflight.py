"""What is checked before the first query, and again when a new release goes live."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from opensearchpy import OpenSearch

from aisle.cluster import Cluster
from aisle.cluster.capabilities import require_engine
from aisle.errors import ArtifactMismatch, ClusterError, IndexNotFound, PipelineMissing
from aisle.mappings import FusionSpec, IndexMeta, VectorSpace, fields, pipeline_body, pipeline_name
from aisle.mappings.analysis import rules_of
from aisle.mappings.index_body import declared_numbers
from aisle.mappings.languages import writes_together
from aisle.mappings.meta import catalogue_of
from aisle.mappings.synonyms import words_of
from aisle.search.facets.levels import levels_body, shared_roots
from aisle.search.facets.names import names_body, read_names
from aisle.search.facets.ranges import Edges, edges_body, read_edges
from aisle.search.filters import Filters
from aisle.search.legs import Leg, QueryEncoders
from aisle.search.rank.stage import Recent

# Whose edges are remembered: as many keys as ask in turn.
_SCOPES: Final = 1_000
# What OpenSearch would read as a pattern or a list, or could not take at all, is no name.
_NAME = re.compile(r"[^\s*,\\/?\"<>|#_+.:\ud800-\udfff-][^\s*,\\/?\"<>|#:\ud800-\udfff]*")


@dataclass(frozen=True, slots=True)
class LiveIndex:
    """The one index behind a name.

    Attributes:
        meta: what it says of itself.
        shards: number of primary shards.
        uuid: of the index; another one of its name has another.
        spells: whether it can tell which words no item has; older ones cannot.
        synonyms: words in lower case that its synonyms are about, whether an item has them or not.
        numbers: that it can be filtered by, see ``mappings.declared_numbers``.
    """

    meta: IndexMeta
    shards: int
    uuid: str
    spells: bool = False
    synonyms: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()

    @property
    def further_languages(self) -> tuple[str, ...]:
        """Those that it is searched in beside its main one."""
        return self.meta.features.languages[1:]

    @property
    def compounds(self) -> bool:
        """Whether one of its languages writes words together."""
        return writes_together(self.meta.features.languages)


class Preflight:
    """Checks an index against the client and remembers what passed, so that a search pays for it once.

    It may be used from several threads: what passed belongs to one look at the index and goes with it.
    """

    def __init__(self, cluster: Cluster, name: str, encoders: QueryEncoders) -> None:
        self.name = name
        self._cluster = cluster
        self._encoders = encoders
        self._last: _Look | None = None

    def live(self) -> LiveIndex:
        """The live release as it was when it was last looked at.

        Raises:
            IndexNotFound, ForeignIndex: see `read_live`.
        """
        last = self._last
        if last is None:
            last = self._last = _Look(read_live(self._cluster, self.name))
        return last.live

    def check(self, live: LiveIndex, legs: Sequence[Leg], fusion: FusionSpec) -> None:
        """Make sure that vector spaces, engine and pipeline fit, unless they did since that look.

        Args:
            live: from ``live``.
            legs: to be asked.
            fusion: of them.

        Raises:
            ArtifactMismatch, CapabilityMissing, PipelineMissing: see `check_spaces`, `require_engine` and
                `check_pipeline`.
        """
        passed = self._look(live).passed
        if fusion in passed:
            return
        check_spaces(live.meta, legs, self._encoders)
        if any(leg.vector_field not in (None, fields.SPARSE) for leg in legs):
            meta = live.meta
            require_engine(self._cluster, meta.engine, meta.release, simd=meta.layout.simd)
        if len(legs) > 1:
            check_pipeline(self._cluster, fusion)
        passed.add(fusion)

    def edges(self, live: LiveIndex, scope: Filters | None = None) -> Mapping[str, Edges]:
        """Field of prices and of each number to the edges of its ranges, the most frequent number first.

        It costs a request, the first time that a release, or a scope of it, is asked to count.

        Args:
            live: from ``live``.
            scope: what the caller may see at all: how numbers are spread beyond it no edge tells.

        Raises:
            ClusterError: the cluster does not answer.
        """
        look, key = self._look(live), repr(scope)
        (known,) = look.edges.find([key])
        if known is None:
            numbers = [fields.PRICE, *(f"{fields.NUMBER}.{slug}" for slug in sorted(live.numbers))]
            body = edges_body(numbers, scope.clauses() if scope else ())
            known = read_edges(numbers, self._cluster.search(index=live.meta.release, body=body))
            look.edges.keep([(key, known)])
        return known

    def unknown(self, live: LiveIndex, names: Sequence[str], scope: Filters | None = None) -> tuple[str, ...]:
        """Those of these attributes that no item has; none where the release cannot tell.

        It costs a request, unless all of them were found since that look.

        Args:
            live: from ``live``.
            names: of attributes.
            scope: as in ``edges``.

        Raises:
            ClusterError: the cluster does not answer.
        """
        look, key = self._look(live), repr(scope)
        (found,) = look.names.find([key])
        known = found or frozenset()
        left = [name for name in names if name not in known]
        if not (left and live.meta.features.counts_names):
            return ()
        body = names_body(left, scope.clauses() if scope else ())
        there = read_names(left, self._cluster.search(index=live.meta.release, body=body))
        look.names.keep([(key, known | there)])
        return tuple(name for name in left if name not in there)

    def shared_roots(self, live: LiveIndex) -> tuple[str, ...]:
        """Roots of categories whose names are levels of other paths too.

        It costs a request, the first time that a release is asked to count.

        Args:
            live: from ``live``.

        Raises:
            ClusterError: the cluster does not answer.
        """
        look = self._look(live)
        if not look.shared_roots:
            answer = self._cluster.search(index=live.meta.release, body=levels_body())
            look.shared_roots.append(shared_roots(answer))
        return look.shared_roots[0]

    def _look(self, live: LiveIndex) -> _Look:
        """What this look at the index has found so far; nothing if another one came between."""
        last = self._last
        return last if last is not None and last.live is live else _Look(live)

    def forget(self) -> None:
        """Look again before the next answer counts."""
        self._last = None


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at the index, the fusions that have passed since, and what else was asked of it."""

    live: LiveIndex
    passed: set[FusionSpec] = field(default_factory=set)
    edges: Recent[str, Mapping[str, Edges]] = field(default_factory=lambda: Recent(_SCOPES))
    names: Recent[str, frozenset[str]] = field(default_factory=lambda: Recent(_SCOPES))
    shared_roots: list[tuple[str, ...]] = field(default_factory=list)


def read_live(client: OpenSearch, name: str) -> LiveIndex:
    """The one index behind a name.

    Raises:
        IndexNotFound: if no index, or more than one, has that name, or it is a pattern.
        ForeignIndex: if Aisle did not make it.
    """
    if not _NAME.fullmatch(name):
        raise IndexNotFound(
            f"{name!r} names no one index", fix="give one name, without * or commas, such as --name shop"
        )
    try:
        found = Cluster.of(client).indices.get(index=name)
    except IndexNotFound as error:
        catalogue = catalogue_of(name)
        fix = f"index a catalogue first: aisle index DATA --name {name}"
        if catalogue != name:
            fix = f"see which releases there are: aisle releases list {catalogue}"
        raise IndexNotFound(f"there is no index or alias {name!r}", fix=fix) from error
    if len(found) != 1:
        raise IndexNotFound(
            f"{name!r} stands for {len(found)} indexes, not one", fix="name one release, such as <name>-v0001"
        )
    index, body = next(iter(found.items()))
    settings, mapping = body["settings"]["index"], body["mappings"]
    return LiveIndex(
        IndexMeta.from_mapping(index, mapping),
        int(settings["number_of_shards"]),
        settings["uuid"],
        spells=fields.SPELLING in mapping.get("properties", {}),
        synonyms=words_of(rules_of(settings)),
        numbers=declared_numbers(mapping),
    )


def check_spaces(meta: IndexMeta, legs: Sequence[Leg], encoders: QueryEncoders) -> None:
    """Refuse to ask a vector field with vectors of another space.

    Args:
        meta: of the live release.
        legs: the legs to be asked.
        encoders: the client's encoders.

    Raises:
        ArtifactMismatch: if a leg needs a space that the index or the client does not have.
    """
    for leg in legs:
        if leg.vector_field is None:
            continue
        space = meta.spaces.get(leg.vector_field)
        if space is None:
            raise ArtifactMismatch(
                f"index {meta.release} has no vectors in {leg.vector_field!r}, which the {leg.name} leg asks",
                fix="index the catalogue with an encoder, or search with other legs",
            )
        fingerprint = encoders.fingerprint(leg.vector_field)
        if fingerprint != space.fingerprint:
            raise _mismatch(meta, space, fingerprint)


def _mismatch(meta: IndexMeta, space: VectorSpace, fingerprint: str | None) -> ArtifactMismatch:
    mine = f"this client has {fingerprint[:12]}" if fingerprint else "this client has no encoder"
    return ArtifactMismatch(
        f"index {meta.release} was built with encoder {space.name} ({space.fingerprint[:12]}), {mine}",
        fix=f"search with encoder {space.fingerprint[:12]}, or index the catalogue again with yours",
    )


def check_pipeline(client: OpenSearch, spec: FusionSpec) -> None:
    """Refuse a fusion whose pipeline is gone: OpenSearch itself would go on with raw scores.

    Raises:
        PipelineMissing: naming the pipeline.
    """
    name = pipeline_name(spec)
    try:
        Cluster.of(client).transport.perform_request("GET", f"/_search/pipeline/{name}")
    except ClusterError as error:
        if error.status != 404:
            raise
        raise PipelineMissing(
            f"search pipeline {name} ({spec.title}) is not on the cluster",
            fix="put it there: SearchClient.install(fusion); `aisle index` installs the standard ones",
        ) from error


def install_pipeline(client: OpenSearch, spec: FusionSpec) -> str:
    """Put a fusion's pipeline on the cluster and return its name. Safe to repeat."""
    name = pipeline_name(spec)
    Cluster.of(client).transport.perform_request("PUT", f"/_search/pipeline/{name}", body=pipeline_body(spec))
    return name

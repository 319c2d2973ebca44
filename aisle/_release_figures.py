"""What is measured of a release before it may go live: the questions, and the figures of one release."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Final

import numpy as np

from aisle._evaluate import DEPTH, Evaluated, evaluate_in_turn
from aisle._quality_gate import as_served
from aisle._search import load_release_encoder, open_search
from aisle.cluster import Cluster
from aisle.encoder import ArtifactStore, DenseEncoder, item_text
from aisle.encoder.artifact import ITEM_CODES
from aisle.encoder.code_artifact import load_codes
from aisle.evaluation import JudgedSet
from aisle.evaluation.codes import level_figures
from aisle.evaluation.gates.figures import Found, ReleaseFigures
from aisle.evaluation.gates.policy import GatePolicy
from aisle.evaluation.seen import Seen, seen_by_models
from aisle.indexer.releases.guards import release_content
from aisle.indexer.releases.smoke_queries import SmokeQuerySender, has_words
from aisle.indexer.vectors import dense_item_encoder, written_to
from aisle.mappings import IndexMeta, fields
from aisle.mappings.document import item_of
from aisle.mappings.vector_types import Numbers
from aisle.search import RerankOptions, SearchClient, read_live
from aisle.search.rules.live import FixedRules
from aisle.types import Item, Say

USUAL_SAMPLE: Final = 100
_INT8: Final = "int8"
_COSINE: Final = "cosine_mean"
# Code tuples of one request.
_PAGE: Final = 1_000
# So that what is loaded and compiled on the first questions is not counted as slow.
_WARMING: Final = 20
# Two may be one release under other rules.
_CANDIDATE: Final = "candidate"
_LIVE: Final = "live"


@dataclass(frozen=True, slots=True)
class GoldenQuery:
    """A query and the item that it must find.

    Attributes:
        text: as a shopper types it.
        item: id.
    """

    text: str
    item: str


@dataclass(frozen=True, slots=True)
class Questions:
    """What both releases are asked.

    Attributes:
        policy: the limits.
        judged: the judged set; None: none.
        relevant: lowest grade that counts as relevant.
        golden: queries that must find their item.
        sample: items to ask for by their own titles and vectors; 0 for none.
        store: where artifacts are looked up.
    """

    policy: GatePolicy
    judged: JudgedSet | None = None
    relevant: float = 2
    golden: tuple[GoldenQuery, ...] = ()
    sample: int = USUAL_SAMPLE
    store: ArtifactStore = field(default_factory=ArtifactStore.default)


@dataclass(frozen=True, slots=True)
class AsServed:
    """A release and the rules that act on its results.

    Attributes:
        release: index.
        rules: of its catalogue, live or to go live with it.
    """

    release: str
    rules: FixedRules

    def opened(self, client: Cluster, store: ArtifactStore) -> SearchClient:
        """Asks it with its own models and these rules; raises as `open_search`."""
        return open_search(self.release, window=DEPTH, rules=self.rules, cluster=client, store=store)


def measure_releases(
    client: Cluster, candidate: AsServed, live: AsServed | None, asked: Questions, say: Say
) -> tuple[ReleaseFigures, ReleaseFigures | None]:
    """Measure a release, and the one that it is to replace.

    Both are asked the judged queries in turn, so that a busy machine slows both.

    Args:
        client: connection.
        candidate: the release in question.
        live: the one that is live; None: nothing is. It is not asked for what has no limit against it.
        asked: what they are asked.
        say: takes a line before each step.

    Raises:
        ArtifactNotFound, ArtifactCorrupt: an artifact of one is not on this machine, or not what was built.
        EvaluationError: nothing to score, or the judgments are about other items.
        ForeignIndex: another Aisle made one.
        ClusterError: the cluster does not answer.
    """
    # A candidate whose models are not here, or do not fit it, is refused whatever is asked.
    search = candidate.opened(client, asked.store)
    evaluated: Evaluated | None = None
    if asked.judged is not None:
        systems = [as_served(_CANDIDATE, search, candidate.release, client)]
        if live is not None:
            before = live.opened(client, asked.store)
            systems.insert(0, as_served(_LIVE, before, live.release, client))
        say(f"asking {f'{live.release} and ' if live else ''}{candidate.release}")
        for query in islice(asked.judged.queries, _WARMING):
            for system in systems:
                system.rank(query.text)
        evaluated = evaluate_in_turn(systems, asked.judged, asked.relevant)
    say(f"measuring {candidate.release}")
    found = _measured(client, candidate.release, asked, evaluated, _CANDIDATE)
    golden = _golden(search, asked.golden, asked.policy.golden_depth) if asked.golden else None
    meta = read_live(client, candidate.release).meta
    sampled = _smoke(client, meta, asked) if asked.sample else _Sampled()
    found = replace(
        found,
        golden=golden,
        titles=sampled.titles,
        vectors=sampled.vectors,
        vector_cosine=sampled.cosine,
        seen=_seen(meta, asked),
    )
    return found, None if live is None else _measured(client, live.release, asked, evaluated, _LIVE)


def _measured(
    client: Cluster, release: str, asked: Questions, evaluated: Evaluated | None, system: str
) -> ReleaseFigures:
    """What is measured of either; ``system`` is what it is called in what was evaluated."""
    meta = read_live(client, release).meta
    content = release_content(client, release)
    index = client.indices.get(index=release)[release]
    stats = client.indices.stats(index=release, metric="store")["indices"][release]
    return ReleaseFigures(
        release=release,
        uuid=index["settings"]["index"]["uuid"],
        documents=content.documents,
        size_bytes=stats["primaries"]["store"]["size_in_bytes"],
        coverage=content.coverage,
        scores=evaluated.scores[system] if evaluated else None,
        milliseconds=evaluated.milliseconds[system] if evaluated else {},
        utilisation=code_utilisation(client, meta, asked.store),
        int8_cosine=_int8_cosine(meta, asked.store),
    )


def _golden(search: SearchClient, queries: Iterable[GoldenQuery], depth: int) -> Found:
    """Which golden queries find their item among the first, as shoppers are answered."""
    missed, asked = [], 0
    rerank = RerankOptions() if search.reranks else None
    for query in queries:
        asked += 1
        hits = search.search(query.text, size=depth, rerank=rerank).hits
        if query.item not in [hit.item.id for hit in hits]:
            missed.append(f"{query.text} ({query.item})")
    return Found(asked, tuple(missed))


@dataclass(frozen=True, slots=True)
class _Sampled:
    """What sampled items said, see ``ReleaseFigures``."""

    titles: Found | None = None
    vectors: Found | None = None
    cosine: float | None = None


def _smoke(client: Cluster, meta: IndexMeta, asked: Questions) -> _Sampled:
    """Sampled items, asked for by their own titles, and by vectors that the encoder makes anew."""
    items = _drawn(client, meta.release, asked.sample)
    sender = SmokeQuerySender(client, meta.release, meta.layout)
    titled = [item for item in items if has_words(item.title)]
    lost, silent = sender.not_found_by_title(titled)
    titles = Found(len(titled) - len(silent), tuple(item.id for item in lost)) if titled else None
    space = meta.spaces.get(fields.DENSE)
    if space is None or not items:
        return _Sampled(titles)
    model = load_release_encoder(meta.release, space, asked.store)
    encoder = written_to(dense_item_encoder(model, item_text, name=space.name, dims=space.dims), meta)
    rows = encoder.encode(items)[fields.DENSE]
    stored = sender.stored([item.id for item in items])
    # An item whose vector is left out asks for nothing, and so does one that lost its own.
    known = [(item, row) for item, row in zip(items, rows, strict=True) if fields.DENSE in stored[item.id]]
    missed = sender.not_found_by_vector(
        [item for item, _ in known],
        [row for _, row in known],
        [stored[item.id][fields.DENSE] for item, _ in known],
        fields.DENSE,
    )
    without = [item for item in items if fields.DENSE not in stored[item.id]]
    found = Found(len(items), tuple(item.id for item in (*missed, *without)))
    return _Sampled(titles, found, _cosine([(row, stored[item.id][fields.DENSE]) for item, row in known]))


def _cosine(pairs: Sequence[tuple[Numbers, Sequence[float]]]) -> float | None:
    """The mean over pairs of vectors."""
    if not pairs:
        return None
    made, stored = (np.asarray(some, dtype=np.float64) for some in zip(*pairs, strict=True))
    lengths = np.linalg.norm(made, axis=1) * np.linalg.norm(stored, axis=1)
    return float(np.mean((made * stored).sum(axis=1) / np.where(lengths > 0, lengths, 1)))


def _seen(meta: IndexMeta, asked: Questions) -> dict[str, Seen]:
    """Of each model that orders or finds, how many of the judged queries it learned from, if it says so."""
    if asked.judged is None:
        return {}
    named = [space.fingerprint for space in meta.spaces.values()]
    named += [stage.fingerprint for stage in meta.ordering.reranker]
    if meta.ordering.ranker:
        named.append(meta.ordering.ranker.fingerprint)
    held = {manifest.fingerprint: manifest for _, manifest in asked.store.list()}
    models = (held[fingerprint] for fingerprint in named if fingerprint in held)
    return seen_by_models(models, asked.judged, asked.relevant)


def _drawn(client: Cluster, release: str, sample: int) -> list[Item]:
    body = {
        "size": sample,
        "_source": {"excludes": [fields.DENSE, fields.SPARSE]},
        "query": {
            "function_score": {
                "query": {"match_all": {}},
                "random_score": {"seed": 0, "field": "_seq_no"},
                "boost_mode": "replace",
            }
        },
    }
    hits = client.search(index=release, body=body)["hits"]["hits"]
    return [item_of(hit["_id"], hit["_source"]) for hit in hits]


def code_utilisation(client: Cluster, meta: IndexMeta, store: ArtifactStore) -> tuple[float, ...]:
    """Of each level of a release's codes, the share that some item of it has; empty without codes."""
    space = meta.item_spaces.recommends
    if space is None or not space.levels or not space.codes:
        return ()
    codes, _ = load_codes(store.resolve(space.codes, ITEM_CODES), store)
    found = np.array(list(_code_tuples(client, meta.release, space.levels)), dtype=np.int32)
    if not found.size:
        return (0.0,) * space.levels
    return tuple(level.utilisation for level in level_figures(found, codes.quantizer.sizes[: space.levels]))


def _code_tuples(client: Cluster, release: str, levels: int) -> Iterator[tuple[int, ...]]:
    """Every semantic ID that an item has, once."""
    after: Mapping[str, Any] = {}
    while True:
        source = {
            "composite": {"size": _PAGE, "sources": [{"sid": {"terms": {"field": fields.sid(levels)}}}]}
        }
        if after:
            source["composite"]["after"] = after
        answer = client.search(index=release, body={"size": 0, "aggs": {"sids": source}})["aggregations"][
            "sids"
        ]
        for bucket in answer["buckets"]:
            yield fields.sid_codes(bucket["key"]["sid"])
        if not answer["buckets"] or not (after := answer.get("after_key", {})):
            return


def _int8_cosine(meta: IndexMeta, store: ArtifactStore) -> float | None:
    space = meta.spaces.get(fields.DENSE)
    if space is None:
        return None
    path = store.resolve(space.fingerprint, DenseEncoder.kind)
    manifest = next(held for folder, held in store.list() if folder == path)
    return manifest.metrics.get(_COSINE) if manifest.precision.startswith(_INT8) else None

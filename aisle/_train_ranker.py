"""A ranker for a search, from judged queries that its own index is asked. Trees need the extra ``train``."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from opensearchpy import OpenSearch

from aisle._environment import optional
from aisle._ordering import CATALOGUE, LEGS, NO_MODEL, SPACES, fused_legs, release_encoders, searched_spaces
from aisle._search import open_search
from aisle._tracking import tracked
from aisle.cluster.client import connected
from aisle.encoder import ArtifactStore
from aisle.encoder.artifact import QUERY_HASHES, check_name
from aisle.errors import EvaluationError, InputError, InvalidQuery
from aisle.evaluation import JudgedSet, answerable, read_judged_set
from aisle.evaluation.gates.policy import GatePolicy
from aisle.evaluation.qrels import Qrels
from aisle.evaluation.seen import query_sketch, seen_by_models
from aisle.mappings import IndexMeta
from aisle.mappings.meta import catalogue_of
from aisle.mappings.suggestions import folded
from aisle.search import SearchClient, read_live
from aisle.search.rank.evidence import Evidence
from aisle.search.systems import legs_of
from aisle.types import Query

if TYPE_CHECKING:
    from aisle.training.common.progress import Progress
    from aisle.training.ranking.job import RankerReport

WINDOW: Final = 200
"""Candidates of each leg that a ranker is trained on, and may be asked to order."""

FOLDS: Final = 3
GUARD_P: Final = 0.05


def train_ranker(
    index: str,
    data: str | Path,
    *,
    name: str | None = None,
    split: str = "train",
    relevant: float = 2,
    queries: int | None = None,
    model: str = "auto",
    unjudged: str = "irrelevant",
    gains: str = "exponential",
    least_grade: float | None = None,
    folds: int = FOLDS,
    guard_p: float = GUARD_P,
    seed: int = 7,
    encoder: str | Path | None = None,
    sparse: str | Path | None = None,
    cluster: OpenSearch | None = None,
    store: ArtifactStore | None = None,
    out: ArtifactStore | None = None,
    progress: Progress | None = None,
) -> RankerReport:
    """Train a ranker that orders the fused candidates of a search, from judged queries.

    Each query is asked as shoppers ask it, and what every leg and field says of its best candidates becomes a
    row of features. The ranker is measured by nested cross-validation first: one that is no better than the
    fusion is not written.

    Example:
        >>> report = aisle.train_ranker("shop", "judged", name="shop")
        >>> shop = aisle.open_search("shop", ranker="shop")

    Args:
        index: of the catalogue whose index is asked, or of one release.
        data: BEIR folder with ``queries.jsonl`` and ``qrels/<split>.tsv``.
        name: of the artifact; None: that of the index.
        split: judgments to learn from. Where the index's encoders were trained on judgments, name others:
            their scores are too good on what they learned.
        relevant: lowest grade that counts as relevant; queries without such an item are left out.
        queries: at most so many, drawn evenly; None: all.
        model: "trees" (LambdaMART), "linear", or "auto": whichever is better on held-out queries.
        unjudged: what candidates that nobody judged are taken for: "irrelevant", "sampled" (irrelevant, but
            only 30 of a query count) or "left-out" (they teach nothing).
        gains: what a grade g is worth, in training and in measuring: "exponential" (2^g - 1, for grades of
            judges) or "linear" (g, for grades that are rates, such as those of `export_ubi`).
        least_grade: what is judged lower counts as unjudged; None: 3 in a folder of `adapt(pairs=)`, whose
            lower grades are what BM25 and the encoder find themselves and teach to find it again, else none.
        folds: of the cross-validation.
        guard_p: the ranker must be better than the fusion with a p-value below this.
        seed: of folds and draws.
        encoder: reference to use instead of the index's own; it is still held to its fingerprint.
        sparse: the same for the sparse encoder.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.
        store: where the encoders are; None: the one under ``AISLE_HOME``.
        out: where the ranker goes; None: the same.
        progress: is told of phases and steps; None: nobody is.

    Raises:
        InputError: judgments that cannot be used, too few queries, or a value that cannot be.
        EvaluationError: the judgments are of another catalogue.
        NoBetterRanker: the ranker is no better than the fusion; nothing is written.
        IndexNotFound, ForeignIndex, ArtifactNotFound, ArtifactMismatch: as `aisle.open_search`.
        MissingExtra: lightgbm is not installed, which trees need.
        ClusterError: the cluster does not answer.
    """
    from aisle.training.adaptation.made_pairs import OWN_GRADE, PAIRS_FILE
    from aisle.training.common.progress import Silent
    from aisle.training.ranking.job import RankerJob, gains_of, ways_of
    from aisle.training.ranking.settings import Gains, ModelKind
    from aisle.training.ranking.table import ranking_table

    ways, worth = ways_of(model, unjudged), gains_of(gains)
    made = (Path(data) / PAIRS_FILE).is_file()
    least = OWN_GRADE if made and least_grade is None else least_grade
    if least is not None and not least >= 0:
        raise InputError(f"{least} is no grade", fix="give the lowest grade that teaches, such as 2")
    if any(way.kind is ModelKind.TREES for way in ways):
        optional("lightgbm", extra="train")
    job = RankerJob(
        name=check_name(name or index),
        ways=ways,
        folds=folds,
        guard_p=guard_p,
        seed=seed,
        facts={"split": split, "relevant": relevant, "gains": worth.value, "least_grade": least},
    )
    lowest = relevant if least is None else max(relevant, least)
    judged = judged_queries(read_judged_set(Path(data), split), lowest, queries)
    told = progress or Silent()
    client, store = connected(cluster), store or ArtifactStore.default()
    meta = read_live(client, index).meta
    _warn_of_lost_legs(meta)
    _warn_of_learned_queries(meta, judged, lowest, store)
    job = replace(job, facts={**job.facts, **learned_from(judged, meta)})
    shop = open_search(
        meta.release,
        encoder=encoder,
        sparse=sparse,
        window=WINDOW,
        ranker=NO_MODEL,
        reranker=NO_MODEL,
        rules=False,
        cluster=client,
        store=store,
    )
    told.phase(f"asking {len(judged.queries):,} queries of {index}")
    table = ranking_table(ask_evidence(shop, judged, told), judged.qrels)
    if least is not None:
        table = table.with_least_grade(least)
    with tracked("ranker", name or index) as run:
        report = job.run(table.with_linear_gains() if worth is Gains.LINEAR else table, out or store, told)
        run.made(report.artifact.path)
    return report


def _warn_of_lost_legs(meta: IndexMeta) -> None:
    """A tuned fusion may do without a leg that a ranker could read."""
    asked = fused_legs(meta)
    if lost := [leg for leg in legs_of(meta) if leg not in asked]:
        warnings.warn(
            f"the fusion of {meta.release} leaves out {', '.join(lost)}, of which the ranker is told nothing:"
            " over the default fusion of all legs it may win more than tuning did",
            stacklevel=3,
        )


def _warn_of_learned_queries(
    meta: IndexMeta, judged: JudgedSet, relevant: float, store: ArtifactStore
) -> None:
    """Scores of an encoder for queries that it learned are better than those of what shoppers will ask."""
    seen_by = seen_by_models(release_encoders(meta, store), judged, relevant)
    for model, seen in GatePolicy().knowing_too_many(seen_by).items():
        warnings.warn(
            f"{model} of {meta.release} learned from {seen.seen:,} of {seen.asked:,} of these queries:"
            " the ranker will trust its scores too much; name other judgments with --split",
            stacklevel=3,
        )


def learned_from(judged: JudgedSet, meta: IndexMeta) -> dict[str, Any]:
    """What a ranker's manifest says of its training: which catalogue, legs and scores it learned, and
    a sketch of its queries.

    Args:
        judged: the queries that it learns from.
        meta: of the release that was asked.
    """
    return {
        CATALOGUE: catalogue_of(meta.release),
        LEGS: list(fused_legs(meta)),
        SPACES: searched_spaces(meta),
        QUERY_HASHES: query_sketch(query.text for query in judged.queries),
    }


def judged_queries(judged: JudgedSet, relevant: float, most: int | None) -> JudgedSet:
    """The queries that have a relevant item, at most so many, drawn evenly; those of one text are one.

    Of an item that is judged for several of them the highest grade counts. One that teaches a ranker and one
    that measures it would be the same question, and how often it was written down is no evidence.

    Raises:
        InputError: there is none, or fewer than one is asked for.
    """
    if most is not None and most < 1:
        raise InputError(f"nothing is learned from {most} queries", fix="ask for at least a few dozen")
    wanted = answerable(judged.qrels, relevant)
    queries, wanted = _once([query for query in judged.queries if query.id in wanted], wanted)
    if not queries:
        raise EvaluationError(
            f"no query of {judged.name} ({judged.split}) has an item of grade {relevant:g} or more",
            fix="name other judgments with --split, or a lower grade with --relevant",
        )
    step = max(1.0, len(queries) / most) if most else 1.0
    kept = [queries[int(at * step)] for at in range(int(len(queries) / step))]
    return replace(judged, queries=tuple(kept), qrels={query.id: wanted[query.id] for query in kept})


def _once(queries: list[Query], qrels: Qrels) -> tuple[list[Query], Qrels]:
    """The first query of each text, and what was judged for all of that text."""
    first: dict[str, Query] = {}
    judged: dict[str, dict[str, float]] = {}
    for query in queries:
        grades = judged.setdefault(first.setdefault(folded(query.text), query).id, {})
        for item, grade in qrels[query.id].items():
            grades[item] = max(grade, grades.get(item, grade))
    return list(first.values()), judged


def ask_evidence(
    client: SearchClient, judged: JudgedSet, progress: Progress
) -> Iterator[tuple[str, Evidence]]:
    """What is known of the candidates of each judged query.

    Args:
        client: of one release, without rules.
        judged: queries and judgments.
        progress: is told of each query.

    Raises:
        InvalidQuery: a query that cannot be asked, by its id.
        SearchError, ClusterError: from the client.
    """
    for done, query in enumerate(judged.queries, 1):
        try:
            evidence = client.evidence(client.rank(query.text))[0]
        except InvalidQuery as error:
            raise InvalidQuery(f"query {query.id}: {error.message}", fix=error.fix) from error
        yield query.id, evidence
        progress.step(done, len(judged.queries), None)

"""Measures a release beside the live one, and says whether it may go live."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from opensearchpy import OpenSearch

from aisle._files import numbered_lines
from aisle._release_figures import USUAL_SAMPLE, AsServed, GoldenQuery, Questions, measure_releases
from aisle._rules import rules_to_ask_with
from aisle.cluster import Cluster
from aisle.cluster.client import connected
from aisle.encoder import ArtifactStore
from aisle.errors import InputError
from aisle.evaluation import JudgedSet, answerable, read_judged_set
from aisle.evaluation.gates.policy import GatePolicy, read_policy
from aisle.evaluation.gates.segments import (
    Segments,
    by_category,
    by_demand,
    by_label,
    by_length,
    of_fresh_items,
)
from aisle.evaluation.gates.verdict import GateReport, judge
from aisle.indexer.suggestions.popular import read_popular
from aisle.mappings import fields
from aisle.mappings.meta import catalogue_of
from aisle.mappings.suggestions import folded
from aisle.search import read_live
from aisle.types import Query, Say

__all__ = ["USUAL_SAMPLE", "GatePolicy", "GateReport", "gate_release", "read_policy"]

# Documents of one request.
_PAGE: Final = 1_000


def gate_release(
    candidate: str,
    against: str | None,
    *,
    judged: str | Path | None = None,
    split: str = "dev",
    relevant: float = 2,
    policy: GatePolicy | str | Path | None = None,
    golden: str | Path | None = None,
    popular: str | Path | None = None,
    labels: str | Path | None = None,
    rules: str | Path | Sequence[Mapping[str, Any]] | None = None,
    sample: int = USUAL_SAMPLE,
    cluster: OpenSearch | None = None,
    store: ArtifactStore | None = None,
    progress: Say | None = None,
) -> GateReport:
    """Measure a release beside the live one and hold it to a policy. Nothing goes live or is changed.

    Both are asked as they would be served: with their own models, and with the catalogue's live rules, unless
    others are named for the candidate.

    Example:
        >>> aisle.gate_release("shop-v0008", "shop", judged="judged").passed
        True

    Args:
        candidate: the release in question.
        against: what is live: the catalogue's name, or a release; None: nothing is, and only what needs no
            comparison is looked at.
        judged: BEIR folder with judgments of this catalogue; None: metrics are not looked at.
        split: which judgments.
        relevant: lowest grade that counts as relevant.
        policy: the limits, or the TOML file of them; None: the usual ones.
        golden: file of queries that must find their item: text, a tab, the item's id, a line each.
        popular: file of popular queries, as for suggestions: tells head, torso and tail apart.
        labels: file of further segments: query id, a tab, a name, a line each.
        rules: that are to go live with the candidate in place of those that are live: a file, or the rules
            themselves, as `aisle.put_rules` takes them. The live release may be the candidate then.
        sample: items of the candidate to ask for by their own titles and vectors, to 1,000; 0 for none.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.
        store: where artifacts are looked up; None: the one under ``AISLE_HOME``.
        progress: takes a line before each step.

    Raises:
        InputError: a file or rules that cannot be used, a sample that cannot be drawn, or one release
            against itself.
        IndexNotFound, ForeignIndex: there is no such release of Aisle.
        ArtifactNotFound, ArtifactCorrupt: an artifact of one is not on this machine, or not what was built.
        EvaluationError: nothing to score, or the judgments are about other items.
        ClusterError: the cluster does not answer.
    """
    if not 0 <= sample <= _PAGE:
        raise InputError(f"a sample of {sample} cannot be drawn", fix=f"use 0 to {_PAGE:,}")
    asked = Questions(
        policy=_policy(policy),
        judged=None if judged is None else read_judged_set(Path(judged), split),
        relevant=relevant,
        golden=() if golden is None else tuple(read_golden(Path(golden))),
        sample=sample,
        store=store or ArtifactStore.default(),
    )
    counts = {} if popular is None else _counts(Path(popular))
    named = {} if labels is None else _labels(Path(labels))
    client = connected(cluster)
    new = read_live(client, candidate).meta.release
    old = None if against is None else read_live(client, against).meta.release
    if new == old and rules is None:
        raise InputError(
            f"{new} is both",
            fix="name the release that is to go live, and what is live; or --rules that are to go live",
        )
    then, what = rules_to_ask_with(client, catalogue_of(new), rules)
    now = then if rules is None else rules_to_ask_with(client, catalogue_of(new), None)[0]
    found, live = measure_releases(
        client,
        AsServed(new, then),
        None if old is None else AsServed(old, now),
        asked,
        progress or (lambda _: None),
    )
    segments: Segments = {}
    if asked.judged is not None:
        segments = {
            **_segments(client, asked.judged, relevant, new, old),
            **by_label(named),
            **by_demand(asked.judged.queries, counts),
        }
    name = asked.judged.name if asked.judged else ""
    return judge(found, live, asked.policy, segments=segments, judged=name, rules=what)


def _policy(policy: GatePolicy | str | Path | None) -> GatePolicy:
    if isinstance(policy, GatePolicy):
        return policy
    return GatePolicy() if policy is None else read_policy(Path(policy))


def read_golden(path: Path) -> Iterator[GoldenQuery]:
    """The golden queries of a file.

    Raises:
        InputError: it cannot be read, or a line is none, named by its number.
    """
    for text, item in _pairs(path, "a query, a tab and an item's id"):
        yield GoldenQuery(text, item)


def _labels(path: Path) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for query, name in _pairs(path, "a query's id, a tab and a name"):
        found.setdefault(query, set()).add(name)
    return found


def _pairs(path: Path, what: str) -> Iterator[tuple[str, str]]:
    for number, line in numbered_lines(path):
        try:
            first, second = next(csv.reader([line.decode()], delimiter="\t", quoting=csv.QUOTE_NONE))
        except (ValueError, csv.Error):
            first = second = ""
        if not first.strip() or not second.strip():
            raise InputError(f"{path.name}, line {number} is not {what}", fix=f"write {what} on each line")
        yield first.strip(), second.strip()


def _counts(path: Path) -> Mapping[str, int]:
    return {folded(query.text): query.count for query in read_popular(path).queries}


def _segments(client: Cluster, judged: JudgedSet, relevant: float, new: str, old: str | None) -> Segments:
    qrels = answerable(judged.qrels, relevant)
    queries: Sequence[Query] = [query for query in judged.queries if query.id in qrels]
    ids = sorted({item for grades in qrels.values() for item, grade in grades.items() if grade >= relevant})
    sources = dict(_sources(client, new, ids))
    categories = {id_: held[fields.CATEGORIES][0][0] for id_, held in sources.items() if _rooted(held)}
    languages = {id_: held[fields.LANGUAGE] for id_, held in sources.items() if held.get(fields.LANGUAGE)}
    known = frozenset(id_ for id_, _ in _sources(client, old, ids)) if old is not None else frozenset(ids)
    return {
        **by_length(queries),
        **by_category(qrels, categories, relevant),
        **{
            name.replace("category", "language", 1): those
            for name, those in by_category(qrels, languages, relevant).items()
        },
        **of_fresh_items(qrels, known, relevant),
    }


def _rooted(source: Mapping[str, Any]) -> bool:
    paths = source.get(fields.CATEGORIES)
    return bool(paths and paths[0])


def _sources(client: Cluster, release: str, ids: Sequence[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for begin in range(0, len(ids), _PAGE):
        body = {"ids": list(ids[begin : begin + _PAGE])}
        params = {"_source_includes": f"{fields.CATEGORIES},{fields.LANGUAGE}"}
        for found in client.mget(index=release, body=body, params=params)["docs"]:
            if found.get("found"):
                yield found["_id"], found.get("_source", {})

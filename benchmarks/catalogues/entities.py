"""What decoding entities is worth: homedepot's titles as the shop exported them, against their plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from aisle._files import open_bytes
from aisle.encoder import DenseEncoder
from aisle.evaluation import Run, answerable, evaluate, read_judged_set
from aisle.evaluation.encoders.exact import exact_neighbours
from aisle.markup import one_line, plain_line
from aisle.training.data.mining import bm25_search
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import dataset

METRICS = ("nDCG@10", "nDCG@20")
_DEPTH = 200
_RELEVANT = 2
WRITTEN, PLAIN = "as written", "plain text"


@dataclass(frozen=True, slots=True)
class EntitiesFigures:
    """What was found with each kind of texts.

    Attributes:
        titles: in the catalogue.
        changed: of them, other when decoded.
        queries: of split ``dev`` with an item of grade 2 or more.
        touched: of them, those with such an item among the changed titles.
        rows: a system and its kind of texts, with the means over all queries and over those touched.
    """

    titles: int
    changed: int
    queries: int
    touched: int
    rows: tuple[Mapping[str, str | float], ...]


def entities(encoder: DenseEncoder, split: str = "dev") -> EntitiesFigures:
    """Exact search by vectors and by BM25 (Porter stems), with titles as written and as plain text."""
    folder = dataset("homedepot")
    judged = read_judged_set(folder, split)
    wanted = answerable(judged.qrels, _RELEVANT)
    raw = _titles()
    plain = {identity: plain_line(title) for identity, title in raw.items()}
    written = {identity: one_line(title) for identity, title in raw.items()}
    changed = {identity for identity in raw if plain[identity] != written[identity]}
    touched = {
        query
        for query, grades in wanted.items()
        if any(grade >= _RELEVANT and item in changed for item, grade in grades.items())
    }
    asked = {query.id: query.text for query in judged.queries if query.id in wanted}
    say(f"encoding {len(raw):,} titles and {len(changed):,} of them again")
    ids = list(raw)
    before = encoder.encode_items([written[identity] for identity in ids])
    after = before.copy()
    places = [place for place, identity in enumerate(ids) if identity in changed]
    after[places] = encoder.encode_items([plain[ids[place]] for place in places])
    questions = encoder.encode_queries(list(asked.values()))
    say("searching")
    runs: dict[tuple[str, str], Mapping[str, Sequence[str]]] = {}
    for kind, texts, vectors in ((WRITTEN, written, before), (PLAIN, plain, after)):
        best = exact_neighbours(questions, vectors, ids, _DEPTH)
        runs[encoder.manifest.name, kind] = dict(zip(asked, best, strict=True))
        runs["BM25", kind] = bm25_search(texts, asked, _DEPTH)
    rows = []
    for (system, kind), run in runs.items():
        scores = evaluate(Run(system, run), judged.qrels, METRICS, relevant=_RELEVANT)
        row: dict[str, str | float] = {"system": system, "texts": kind}
        for metric in METRICS:
            row[metric] = scores.mean(metric)
            row[f"{metric}, touched"] = sum(scores.per_query[metric][query] for query in touched) / len(
                touched
            )
        rows.append(row)
    return EntitiesFigures(len(raw), len(changed), len(asked), len(touched), tuple(rows))


def decoding_attempts(encoder: str) -> list[dict[str, Any]]:
    """The figures as attempts of a result file, for the encoder that is named."""
    found = entities(DenseEncoder.load(encoder))
    about = f"homedepot dev, {found.changed:,} of {found.titles:,} titles with entities"
    return [
        {
            "tried": f"{about}: {row['system']}, titles {row['texts']}, {metric}",
            "value": round(float(value), 4),
        }
        for row in found.rows
        for metric, value in row.items()
        if metric not in ("system", "texts")
    ]


def _titles() -> dict[str, str]:
    with open_bytes(dataset("homedepot") / "corpus.jsonl.gz") as lines:
        rows = map(orjson.loads, lines)
        return {row["_id"]: row["title"] for row in rows}

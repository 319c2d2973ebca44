"""From a description and a catalogue to a training set that no person labelled."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from aisle._files import whole_file
from aisle.catalogue.languages import SAMPLE_ITEMS, languages_of
from aisle.encoder.text import item_text
from aisle.errors import InputError
from aisle.evaluation.qrels import write_qrels, write_queries
from aisle.mappings.suggestions import folded
from aisle.training.adaptation.description import Description
from aisle.training.adaptation.queries import Phrases, queries_for
from aisle.training.adaptation.query_writer import QueryWriter
from aisle.training.adaptation.round_trip import ListScorer, consistent, fused, rescored
from aisle.training.common.progress import Progress
from aisle.training.common.run_folder import folder_in_one_step, require_new
from aisle.training.data.mining import TextEncoder, bm25_search, dense_search
from aisle.training.data.negatives import Candidates
from aisle.training.data.training_set import (
    UNJUDGED_GRADE,
    Grades,
    Pair,
    PairSource,
    TrainingSet,
    training_set,
)
from aisle.types import Item, Query

PAIRS_FILE: Final = "pairs.json"
"""In a folder of pairs, how they came about."""

OWN_GRADE: Final = UNJUDGED_GRADE
"""There, that of the item that a query was made from; what else a query finds has a lower one."""

_PER_ITEM: Final = 8
_WRITTEN_AT_ONCE: Final = 10
_LEAST_PAIRS: Final = 2
_ANSWER: Final = UNJUDGED_GRADE - 1
_NEUTRAL: Final = 1
_LESS: Final = _ANSWER - 0.01
"""The highest grade of what is no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSettings:
    """How pairs are made.

    Attributes:
        queries: to make, at most 8 an item; fewer are left by the filter.
        top: among so many of what a query finds its item must be; None keeps every query.
        alike: of the best that a query finds, so many are answers too, of a lower grade.
        neutral: of the best that a query finds, so many are no negatives for it.
        scored: items of each query that a reranker orders, if one is named.
        believed: among so many of those a query's item must be.
        written: items that a language model writes queries for, if one is named.
        seed: of everything that is drawn.

    Raises:
        InputError: a value that cannot be used.
    """

    queries: int = 20_000
    top: int | None = 50
    alike: int = 10
    neutral: int = 50
    scored: int = 20
    believed: int = 5
    written: int = 300
    seed: int = 7

    def __post_init__(self) -> None:
        counts = (self.alike, self.neutral, self.written)
        if self.queries < 1 or (self.top is not None and self.top < 1) or min(counts) < 0:
            raise InputError(
                f"no pairs can be made with {self}",
                fix="give queries and top of 1 or more, the rest 0 or more",
            )

    def depth(self, scored: bool) -> int:
        """Items of each query that are needed; 0: the catalogue need not be searched."""
        return max(self.top or 0, self.alike, self.neutral, self.scored if scored else 0)


@dataclass(frozen=True, slots=True)
class MadePairs:
    """A training set, and how it came about.

    Attributes:
        data: pairs, the whole catalogue and grades.
        description: what was understood of it.
        language: of the catalogue's texts, mainly.
        made: distinct queries before the filter.
        kept: of these, those that find their item.
        examples: a few queries and the titles they were made from.
    """

    data: TrainingSet
    description: Description
    language: str
    made: int
    kept: int
    examples: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, for reports."""
        return {**self.summary(), "examples": [list(one) for one in self.examples]}

    def summary(self) -> dict[str, Any]:
        """The same without queries and titles, for the artifact's manifest."""
        style = self.description.style
        return {
            "said": list(self.description.said),
            "lengths": list(style.lengths),
            "shares": {habit.value: share for habit, share in style.shares.items()},
            "language": self.language,
            "made": self.made,
            "kept": self.kept,
            "pairs": len(self.data.pairs),
        }


def make_pairs(
    items: Sequence[Item],
    description: Description,
    settings: PairSettings,
    encoder: TextEncoder,
    progress: Progress,
    writer: QueryWriter | None = None,
    scorer: ListScorer | None = None,
) -> MadePairs:
    """Queries by templates, filtered by what they find, with the next best answers of BM25 and the encoder.

    Args:
        items: the whole catalogue.
        description: of the domain.
        settings: how many, and how they are filtered.
        encoder: the one that will be adapted.
        progress: is told of phases and remarks.
        writer: also writes queries for some items; None asks nobody.
        scorer: grades the best of what a query finds, and so decides on answers; None leaves the order.

    Raises:
        InputError: the catalogue has no words, or too few queries find their item.
    """
    texts = {item.id: item_text(item) for item in items}
    language = languages_of(items[:SAMPLE_ITEMS]).codes[0]
    progress.phase("making queries of titles and attributes")
    asked = _made(items, description, settings, language)
    if writer is not None:
        progress.phase("asking the language model for queries")
        _add(asked, _written(items, texts, description, settings, writer, progress))
    queries = {f"made:{number}": text for number, (text, _) in enumerate(asked.values())}
    sources = {f"made:{number}": own for number, (_, own) in enumerate(asked.values())}
    if not queries:
        raise InputError("no query could be made of this catalogue", fix="check that its titles are words")
    found: Candidates = {}
    if depth := settings.depth(scorer is not None):
        progress.phase(f"searching {len(texts):,} items by words, with {len(queries):,} queries")
        by_words = bm25_search(texts, queries, depth)
        progress.phase(f"searching {len(texts):,} items by the encoder, with {len(queries):,} queries")
        found = fused([by_words, dense_search(texts, queries, encoder, depth)])
    kept = sources if settings.top is None else consistent(sources, found, settings.top)
    grades: Grades = {}
    if scorer is not None:
        progress.phase("a reranker grades what the queries find")
        scored = rescored({q: found[q] for q in kept}, queries, texts, scorer, settings.scored, progress)
        found, grades = scored.found, scored.grades
        kept = consistent(kept, found, settings.believed)
    if len(kept) < _LEAST_PAIRS:
        raise InputError(
            f"{len(kept)} of {len(queries)} queries find the item that they were made from",
            fix="give a larger catalogue, or titles that tell its items apart",
        )
    data = _graded(queries, kept, found, grades, texts, settings)
    few = random.Random(settings.seed).sample(sorted(kept), min(5, len(kept)))
    titles = {item.id: item.title for item in items}
    examples = tuple((queries[query], titles[kept[query][0]]) for query in few)
    return MadePairs(data, description, language, len(queries), len(kept), examples)


_Asked = dict[str, tuple[str, list[str]]]
"""Folded query to its text and the items that it was made from."""


def _made(items: Sequence[Item], description: Description, settings: PairSettings, language: str) -> _Asked:
    phrases = Phrases.of([item.title for item in items])
    chosen = list(items)
    if len(items) > settings.queries:
        chosen = random.Random(settings.seed).sample(chosen, settings.queries)
    each = min(_PER_ITEM, -(-settings.queries // max(1, len(chosen))))
    asked: _Asked = {}
    for item in chosen:
        made = queries_for(item, phrases, description.style, each, settings.seed, language)
        _add(asked, [(query, item.id) for query in made])
    return asked


def _add(asked: _Asked, more: Sequence[tuple[str, str]]) -> None:
    for query, item in more:
        _, own = asked.setdefault(folded(query) or query, (query, []))
        if item not in own:
            own.append(item)


def _written(
    items: Sequence[Item],
    texts: Mapping[str, str],
    description: Description,
    settings: PairSettings,
    writer: QueryWriter,
    progress: Progress,
) -> list[tuple[str, str]]:
    chance = random.Random(settings.seed)
    chosen = chance.sample([item.id for item in items], min(settings.written, len(items)))
    found: list[tuple[str, str]] = []
    for start in range(0, len(chosen), _WRITTEN_AT_ONCE):
        ids = chosen[start : start + _WRITTEN_AT_ONCE]
        rows = writer.write([texts[item] for item in ids], description.text, _PER_ITEM // 2)
        found += [(query, item) for item, row in zip(ids, rows, strict=True) for query in row]
        progress.step(start + len(ids), len(chosen), None)
    progress.note(f"the language model wrote {len(found):,} queries for {len(chosen):,} items")
    return found


def _graded(
    queries: Mapping[str, str],
    kept: Mapping[str, Sequence[str]],
    found: Candidates,
    given: Grades,
    texts: Mapping[str, str],
    settings: PairSettings,
) -> TrainingSet:
    """A training set of what a query was made from, the best that it finds, and what is no negative for it.

    Their grades are 3, 2 and 1, or where a reranker graded the list, what it says: an item of which it holds
    nothing is a negative. What a query was made from and still finds is an answer whatever it says.
    """
    pairs: list[Pair] = []
    grades: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for query, own in kept.items():
        listed, scores = found.get(query, ()), given.get(query)
        if scores is None:
            scores = dict.fromkeys(listed[: settings.alike], _ANSWER) | dict.fromkeys(own, UNJUDGED_GRADE)
        best = {item: max(scores.get(item, 0), _ANSWER) for item in own}
        for item in listed[: settings.alike]:
            if scores.get(item, 0) >= _ANSWER:
                best.setdefault(item, scores[item])
        pairs += [
            Pair(query, queries[query], item, grade, PairSource.DESCRIPTION) for item, grade in best.items()
        ]
        rest = (item for item in listed[: settings.neutral] if item not in best)
        grades[query] = {item: min(scores.get(item, _NEUTRAL), _LESS) for item in rest}
    return training_set(pairs, texts, grades)


def write_pairs(made: MadePairs, items: Sequence[Item], folder: Path) -> None:
    """Write them as a BEIR folder with a split ``train``: any training reads that with ``--data``.

    Raises:
        InputError: the folder is there, or cannot be written; it appears whole or not at all.
    """
    require_new(folder)
    with folder_in_one_step(folder) as staged:
        rows = ({"_id": item.id, "title": item.title, "text": item.text} for item in items)
        with whole_file(staged / "corpus.jsonl") as file:
            file.writelines(orjson.dumps(row) + b"\n" for row in rows)
        write_queries(
            [Query(name, text) for name, text in made.data.queries.items()], staged / "queries.jsonl"
        )
        write_qrels(
            {
                query: {i: g for i, g in known.items() if g != _NEUTRAL}
                for query, known in made.data.grades.items()
            },
            staged / "qrels" / "train.tsv",
        )
        with whole_file(staged / PAIRS_FILE) as file:
            file.write(orjson.dumps(made.to_json(), option=orjson.OPT_INDENT_2))

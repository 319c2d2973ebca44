"""The choice of hard negatives. Pure; the same input and seed give the same choice."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, cycle, islice

from aisle.errors import InputError
from aisle.training.data.training_set import Pair, TrainingSet

Candidates = Mapping[str, tuple[str, ...]]
"""Query id to item ids, best first, each once."""

Scores = Mapping[str, Mapping[str, float]]
"""Query id to item id to a model's score."""


def mix_candidates(lexical: Candidates, dense: Candidates, lexical_share: float = 0.5) -> Candidates:
    """Merge by rank so that every beginning of a list holds about ``lexical_share`` of lexical candidates.

    An item that both list stands once, where it comes first. When one list ends, the rest of the other
    follows.

    Raises:
        InputError: the share is not within 0 and 1.
    """
    if not 0 <= lexical_share <= 1:
        raise InputError(
            f"lexical_share {lexical_share} is no share", fix="use 0 (all dense) to 1 (all lexical)"
        )
    queries = [*lexical, *(query for query in dense if query not in lexical)]
    return {query: _merged(lexical.get(query, ()), dense.get(query, ()), lexical_share) for query in queries}


def _merged(lexical: tuple[str, ...], dense: tuple[str, ...], share: float) -> tuple[str, ...]:
    # The i-th lexical candidate is due when the list is i / share long: sorting by that interleaves both.
    due = [((rank + 1) / share, 0, item) for rank, item in enumerate(lexical) if share > 0]
    due += [((rank + 1) / (1 - share), 1, item) for rank, item in enumerate(dense) if share < 1]
    due.sort(key=lambda entry: entry[:2])
    return tuple(dict.fromkeys(item for _, _, item in due))


@dataclass(frozen=True, slots=True)
class KnownItems:
    """What is known of one query.

    Attributes:
        forbidden: items of any grade above 0, of every query id with the same text.
        texts: folded texts of the positives and of the query: an item that reads the same is no negative.
        judged: items judged irrelevant (grade 0), in the order of the judgments.
    """

    forbidden: frozenset[str]
    texts: frozenset[str]
    judged: tuple[str, ...]

    def allows(self, item: str, items: Mapping[str, str]) -> bool:
        """Whether an item of the catalogue (id to text) can be a negative."""
        return item in items and item not in self.forbidden and folded(items[item]) not in self.texts


def known_items(training_set: TrainingSet) -> dict[str, KnownItems]:
    """Query id to what is known of it, for every query of the pairs."""
    same_text: dict[str, list[str]] = {}
    for query_id, text in training_set.queries.items():
        same_text.setdefault(folded(text), []).append(query_id)
    return {query_id: _known(training_set, ids, text) for text, ids in same_text.items() for query_id in ids}


def _known(training_set: TrainingSet, query_ids: list[str], text: str) -> KnownItems:
    grades: dict[str, float] = {}
    for query_id in query_ids:
        for item, grade in training_set.grades.get(query_id, {}).items():
            grades[item] = max(grade, grades.get(item, 0))
    positives = [item for item, grade in grades.items() if grade >= training_set.relevant]
    return KnownItems(
        forbidden=frozenset(item for item, grade in grades.items() if grade > 0),
        texts=frozenset([text, *_texts(training_set.items, positives)]),
        judged=tuple(item for item, grade in grades.items() if grade == 0 and item in training_set.items),
    )


def _texts(items: Mapping[str, str], wanted: list[str]) -> list[str]:
    return [folded(items[item]) for item in wanted if item in items]


def folded(text: str) -> str:
    """Case and white space do not tell two texts apart."""
    return " ".join(text.casefold().split())


@dataclass(frozen=True, slots=True)
class NegativeOptions:
    """Settings of ``choose_negatives``.

    Attributes:
        per_query: negatives kept for a query; the pairs of a query share them out (``distribute_negatives``).
        skip: first ranks of the candidates that are passed over, where unjudged positives gather.
        depth: last rank that is considered.
        max_share: a candidate is dropped when its score is above this share of the mean score of the query's
            positives (NV-Retriever, arXiv 2407.15831, section 3: TopK-PercPos, .95 there); 1 drops
            those that beat the positives. For scores that are not negative: cosines, or a teacher's
            ``relative_scores``.
        lexical_share: share of lexical candidates where they are mixed with dense ones.
        judged_first: items judged irrelevant (grade 0) come before all mined ones.
        fill: complete a short list with random items of the catalogue.
        seed: of every random choice.
    """

    per_query: int = 8
    skip: int = 0
    depth: int = 50
    max_share: float = 0.95
    lexical_share: float = 0.5
    judged_first: bool = True
    fill: bool = True
    seed: int = 17

    def __post_init__(self) -> None:
        """Raises InputError for settings that can choose nothing."""
        if self.per_query < 1:
            raise InputError(f"per_query {self.per_query} chooses nothing", fix="use 1 or more")
        if not 0 <= self.skip < self.depth:
            raise InputError(
                f"ranks {self.skip} to {self.depth} hold no candidate", fix="use 0 <= skip < depth"
            )
        if self.max_share <= 0:
            raise InputError(f"max_share {self.max_share} drops everything", fix="use about .95, or 1")
        if not 0 <= self.lexical_share <= 1:
            raise InputError(f"lexical_share {self.lexical_share} is no share", fix="use 0 to 1")


Negatives = Mapping[str, tuple[str, ...]]
"""Query id to item ids that do not answer it, each once; judged ones, then mined ones, then random ones."""


def choose_negatives(
    training_set: TrainingSet,
    candidates: Candidates,
    options: NegativeOptions | None = None,
    scores: Scores | None = None,
) -> Negatives:
    """At most ``options.per_query`` negatives for every query of the pairs.

    Never one of these: an item of any grade above 0 (a partly relevant item is no full negative), an item
    that reads like a positive or like the query, a mined item that scores above ``max_share`` of the
    positives.
    Items judged 0 come first, then a random choice among the candidates of the ranks asked for, then, if
    still short, random items of the catalogue.

    Args:
        training_set: pairs, catalogue and grades.
        candidates: of a miner; mixed before, if of two (``mix_candidates``).
        options: defaults if None.
        scores: for the filter by ``max_share``, not negative; a query whose positives have no score, and an
            item without one, are not filtered. None filters nothing.

    Raises:
        InputError: no query has any negative.
    """
    options = options or NegativeOptions()
    known = known_items(training_set)
    catalogue = list(training_set.items) if options.fill else []
    chosen: dict[str, tuple[str, ...]] = {}
    for query in training_set.queries:
        own_scores = (scores or {}).get(query, {})
        limit = _limit(training_set.positives(query), own_scores, options.max_share)
        ranked = candidates.get(query, ())[options.skip : options.depth]
        # A string as seed is hashed by sha512: the same on every machine, another for every query.
        order = _in_order(known[query], ranked, catalogue, options, random.Random(f"{options.seed}:{query}"))
        chosen[query] = tuple(
            islice(_allowed(order, known[query], training_set.items, own_scores, limit), options.per_query)
        )
    if not any(chosen.values()):
        raise InputError(
            "no query has an item that could be a negative: all candidates are relevant to it",
            fix="give the whole catalogue as items, more candidates, or a higher max_share",
        )
    return chosen


def _limit(positives: Iterable[str], scores: Mapping[str, float], max_share: float) -> float:
    """The highest score of a mined negative; infinite when no positive has a score."""
    found = [scores[item] for item in positives if item in scores]
    return max_share * sum(found) / len(found) if found else float("inf")


def _in_order(
    known: KnownItems,
    ranked: Sequence[str],
    catalogue: Sequence[str],
    options: NegativeOptions,
    rng: random.Random,
) -> Iterator[str]:
    judged = known.judged if options.judged_first else ()
    return chain(_shuffled(judged, rng), _shuffled(ranked, rng), _random_items(catalogue, options, rng))


def _shuffled(items: Sequence[str], rng: random.Random) -> list[str]:
    return rng.sample(items, len(items))


def _random_items(catalogue: Sequence[str], options: NegativeOptions, rng: random.Random) -> Iterator[str]:
    """More than needed, since some may not be allowed. A generator: most queries never ask."""
    yield from rng.sample(catalogue, min(len(catalogue), 3 * options.per_query + 100))


def _allowed(
    order: Iterable[str],
    known: KnownItems,
    items: Mapping[str, str],
    scores: Mapping[str, float],
    limit: float,
) -> Iterator[str]:
    judged = frozenset(known.judged)
    for item in _once(order):
        # A person's judgment stands above a model's score.
        if known.allows(item, items) and (item in judged or scores.get(item, limit) <= limit):
            yield item


def _once(items: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for item in items:
        if item not in seen:
            seen.add(item)
            yield item


def distribute_negatives(
    training_set: TrainingSet, negatives: Negatives, per_pair: int
) -> tuple[tuple[str, ...], ...]:
    """Negatives of ``training_set.pairs``, in their order: at most ``per_pair`` for each.

    The pairs of a query take turns through its list and begin again at the end, so two pairs share a negative
    only when the list is too short for both. A query with fewer than ``per_pair`` gives all it has.

    Raises:
        InputError: ``per_pair`` is under 1.
    """
    if per_pair < 1:
        raise InputError(f"per_pair {per_pair} deals nothing", fix="use 1 or more")
    turns: Counter[str] = Counter()
    dealt: list[tuple[str, ...]] = []
    for pair in training_set.pairs:
        pool = negatives.get(pair.query_id, ())
        start = turns[pair.query_id] * per_pair
        turns[pair.query_id] += 1
        dealt.append(tuple(pool[(start + i) % len(pool)] for i in range(min(per_pair, len(pool)))))
    return tuple(dealt)


def with_negatives(
    data: TrainingSet, negatives: Negatives, per_pair: int
) -> tuple[list[Pair], list[tuple[str, ...]]]:
    """Pairs and ``per_pair`` negatives of each; a short list is repeated, a pair without any is dropped.

    Raises:
        InputError: no pair has a negative, or ``per_pair`` is under 1.
    """
    dealt = distribute_negatives(data, negatives, per_pair)
    kept = [(pair, own) for pair, own in zip(data.pairs, dealt, strict=True) if own]
    if not kept:
        raise InputError("no pair has a negative", fix="give the whole catalogue as items")
    return [pair for pair, _ in kept], [tuple(islice(cycle(own), per_pair)) for _, own in kept]

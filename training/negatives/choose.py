"""The choice of hard negatives. Pure; the same input and seed give the same choice."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

from records import InputError
from training.negatives.candidates import Candidates, Scores
from training.negatives.known import Known, known_items
from training.negatives.options import NegativeOptions
from training.pairs.training_set import TrainingSet

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
    known: Known,
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
    order: Iterable[str], known: Known, items: Mapping[str, str], scores: Mapping[str, float], limit: float
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

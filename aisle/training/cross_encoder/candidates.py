"""Hard candidates from our own legs: mined with BM25 and an encoder, or read from saved runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from pathlib import Path

import orjson

from aisle.encoder import DenseEncoder
from aisle.errors import InputError
from aisle.evaluation import read_run
from aisle.training.common.progress import Progress
from aisle.training.data.mining import dense_candidates, lexical_candidates
from aisle.training.data.negatives import Candidates
from aisle.training.data.training_set import TrainingSet

DEPTH = 100


def merged_candidates(legs: Sequence[Candidates]) -> dict[str, tuple[str, ...]]:
    """Merge any number of legs by rank: every leg's first, then every leg's second, each item once."""
    queries = dict.fromkeys(query for leg in legs for query in leg)
    return {query: _merged([leg.get(query, ()) for leg in legs]) for query in queries}


def run_candidates(paths: Iterable[Path], training_set: TrainingSet) -> dict[str, tuple[str, ...]]:
    """What saved runs (TREC files, one per leg) found for the queries of a training set, merged.

    Raises:
        InputError: a file cannot be read, or holds none of the queries.
    """
    legs = []
    for path in paths:
        rankings = read_run(path).rankings
        known = {query: tuple(rankings[query]) for query in training_set.queries if query in rankings}
        if not known:
            raise InputError(
                f"{path} holds none of the training queries", fix="save runs of the split that is trained on"
            )
        legs.append(known)
    return merged_candidates(legs)


def mined_candidates(
    training_set: TrainingSet, encoder: DenseEncoder | None, progress: Progress, depth: int = DEPTH
) -> dict[str, tuple[str, ...]]:
    """The best ``depth`` of BM25 and, if there is an encoder, of its exact nearest neighbours, merged.

    Raises:
        InputError: no item has a word.
        MissingExtra: the extra ``train`` is not installed.
    """
    progress.note("searching the catalogue with BM25")
    legs: list[Candidates] = [lexical_candidates(training_set, depth)]
    if encoder is not None:
        progress.note(f"searching the catalogue with {encoder.manifest.name}")
        legs.append(dense_candidates(training_set, encoder, depth))
    return merged_candidates(legs)


def candidates_hash(candidates: Candidates) -> str:
    """sha256, hex."""
    held = {query: list(items) for query, items in candidates.items()}
    return hashlib.sha256(orjson.dumps(held, option=orjson.OPT_SORT_KEYS)).hexdigest()


def calibration_pairs(
    training_set: TrainingSet, candidates: Candidates, count: int = 200
) -> list[tuple[str, str]]:
    """Texts of queries at even distances and of one candidate each, of another rank each time."""
    texts, items = training_set.queries, training_set.items
    known = {query: [items[item] for item in candidates.get(query, ()) if item in items] for query in texts}
    queries = [query for query, found in known.items() if found]
    chosen = queries[:: max(1, len(queries) // count)][:count]
    return [(texts[query], known[query][place % len(known[query])]) for place, query in enumerate(chosen)]


def _merged(lists: Sequence[Sequence[str]]) -> tuple[str, ...]:
    ranks = zip_longest(*lists)
    return tuple(dict.fromkeys(item for rank in ranks for item in rank if item is not None))

"""A teacher's scores of (query, item) pairs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path

from records import InputError
from training.cross_encoder.model import load_cross_encoder
from training.dense.precision import Precision, best_device
from training.negatives.candidates import Candidates, Scores

CHUNK = 4096
BATCH = 64


def teacher_scores(
    folder: Path,
    queries: Mapping[str, str],
    items: Mapping[str, str],
    candidates: Candidates,
    precision: Precision = Precision.AUTO,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> dict[str, dict[str, float]]:
    """Logits of every candidate: query id to item id to score, in the order of the candidates.

    Only differences within a query mean something: the listwise losses leave the level open.

    Args:
        folder: a teacher's, as ``train_teacher`` made it, or any cross-encoder with one output.
        queries: id to encoder text.
        items: id to encoder text.
        candidates: what to score; all their ids must be known.
        precision: bfloat16 where the hardware has it, unless told otherwise.
        progress: told (pairs done, pairs in all).

    Raises:
        InputError: an id without a text, or a folder that cannot be opened.
        MissingExtra: the extra ``train`` is not installed.
    """
    pairs = [(query, item) for query, ranked in candidates.items() for item in ranked]
    for known, ids, what in (
        (queries, {q for q, _ in pairs}, "query"),
        (items, {i for _, i in pairs}, "item"),
    ):
        missing = sorted(ids - known.keys())
        if missing:
            raise InputError(f"{what} '{missing[0]}' has no text", fix="score candidates of this catalogue")
    model = load_cross_encoder(folder, best_device(), precision)
    # Over all pairs, not within a chunk: hardly any padding is left.
    pairs.sort(key=lambda pair: len(queries[pair[0]]) + len(items[pair[1]]), reverse=True)
    scores = {query: dict.fromkeys(ranked, 0.0) for query, ranked in candidates.items()}
    for start in range(0, len(pairs), CHUNK):
        chunk = pairs[start : start + CHUNK]
        texts = [(queries[query], items[item]) for query, item in chunk]
        logits = model.predict(texts, batch_size=BATCH, show_progress_bar=False)
        for (query, item), logit in zip(chunk, logits, strict=True):
            scores[query][item] = float(logit)
        progress(start + len(chunk), len(pairs))
    return scores


def relative_scores(scores: Scores) -> dict[str, dict[str, float]]:
    """exp(score - the query's best): 1 for the best, in (0, 1] for all.

    Ratios of it are ratios of the probabilities to come first that listwise losses train, which is what
    ``NegativeOptions.max_share`` compares.
    """
    best = {query: max(known.values(), default=0.0) for query, known in scores.items()}
    return {
        query: {item: math.exp(score - best[query]) for item, score in known.items()}
        for query, known in scores.items()
    }

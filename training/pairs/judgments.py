"""Graded judgments as pairs: a BEIR folder with corpus, queries and qrels."""

from __future__ import annotations

from pathlib import Path

from encoder.text import query_text
from evaluation import read_judged_set
from training.pairs.assemble import training_set
from training.pairs.item_texts import item_texts
from training.pairs.pair import Pair, Source
from training.pairs.training_set import TrainingSet


def judged_pairs(folder: str | Path, split: str = "train", relevant: int = 2) -> TrainingSet:
    """Read one split: each judgment of grade ``relevant`` or more is a pair, the others are known grades.

    Raises:
        InputError: not such a folder, no such split, or no positive pair.
        EvaluationError: a judged query has no text.
    """
    judged = read_judged_set(folder, split)
    texts = {query.id: query_text(query.text) for query in judged.queries}
    pairs = (
        Pair(query, texts[query], item, grade, Source.JUDGMENTS)
        for query, known in judged.qrels.items()
        for item, grade in known.items()
    )
    return training_set(pairs, item_texts(folder), relevant=relevant)

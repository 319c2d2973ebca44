"""A judged BEIR folder, and nDCG@10 on it by exact search."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from catalogue import ReadOptions, read_catalogue
from encoder.dense import DenseEncoder
from encoder.text import item_text
from evaluation import JudgedSet, Run, evaluate, read_judged_set

_METRIC = "nDCG@10"
_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """Items, as ids and encoder texts of equal length, and the judged queries."""

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    judged: JudgedSet

    def sample(self, count: int) -> list[str]:
        """Texts at even distances."""
        step = max(1, len(self.texts) // count)
        return list(self.texts[::step][:count])

    def ndcg(self, encoder: DenseEncoder) -> float:
        """Mean nDCG@10 (gains 2^grade - 1) over queries with an item of grade 2 or more, by exact search."""
        items = encoder.encode_items(self.texts)
        questions = encoder.encode_queries([query.text for query in self.judged.queries])
        rankings = {}
        for query, question in zip(self.judged.queries, questions, strict=True):
            scores = items @ question
            best = np.argpartition(-scores, min(_DEPTH, len(scores) - 1))[:_DEPTH]
            rankings[query.id] = [self.ids[i] for i in best[np.argsort(-scores[best], kind="stable")]]
        run = Run(encoder.manifest.name, rankings)
        return evaluate(run, self.judged.qrels, [_METRIC]).mean(_METRIC)


def read_judged(folder: Path, split: str = "dev") -> Judged:
    """Read ``corpus.jsonl[.gz]``, ``queries.jsonl`` and ``qrels/<split>.tsv``.

    Raises:
        InputError: a file is missing or cannot be parsed.
        EvaluationError: a judged query has no text.
    """
    judged = read_judged_set(folder, split)
    items = list(read_catalogue(folder, ReadOptions(format="beir")))
    return Judged(tuple(item.id for item in items), tuple(item_text(item) for item in items), judged)

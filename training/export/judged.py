"""A judged BEIR folder, and nDCG@10 on it by exact search."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from catalogue import ReadOptions, read_catalogue
from encoder.dense import DenseEncoder
from encoder.text import item_text
from evaluation import JudgedSet, Run, evaluate, read_judged_set
from training.judge.exact_search import exact_neighbours

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
        found = exact_neighbours(questions, items, self.ids, _DEPTH)
        rankings = {query.id: best for query, best in zip(self.judged.queries, found, strict=True)}
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

"""A judged BEIR folder, and nDCG@10 on it by exact search."""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ir_measures
import numpy as np
import orjson

from encoder.dense import DenseEncoder
from encoder.text import item_text
from records import InputError, Item

_MEASURE = ir_measures.nDCG(dcg="exp-log2") @ 10
_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """Items (ids and encoder texts), queries by id, and grades by query and item."""

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    queries: dict[str, str]
    grades: dict[str, dict[str, int]]

    def sample(self, count: int) -> list[str]:
        """Texts at even distances."""
        step = max(1, len(self.texts) // count)
        return list(self.texts[::step][:count])

    def ndcg(self, encoder: DenseEncoder) -> float:
        """Mean nDCG@10 (gain 2^grade - 1) over the judged queries with a relevant item, by exact search."""
        items = encoder.encode_items(self.texts)
        questions = encoder.encode_queries(list(self.queries.values()))
        run: dict[str, dict[str, float]] = {}
        for query, question in zip(self.queries, questions, strict=True):
            scores = items @ question
            best = np.argpartition(-scores, min(_DEPTH, len(scores) - 1))[:_DEPTH]
            run[query] = {self.ids[i]: float(scores[i]) for i in best}
        return float(ir_measures.calc_aggregate([_MEASURE], self.grades, run)[_MEASURE])


def read_judged(folder: Path, split: str = "dev") -> Judged:
    """Read ``corpus.jsonl[.gz]``, ``queries.jsonl`` and ``qrels/<split>.tsv``.

    Raises:
        InputError: a file is missing or cannot be parsed, or nothing in it is judged.
    """
    corpus = folder / "corpus.jsonl.gz"
    corpus = corpus if corpus.is_file() else folder / "corpus.jsonl"
    grades: dict[str, dict[str, int]] = defaultdict(dict)
    qrels = folder / "qrels" / f"{split}.tsv"
    for line in list(_lines(qrels))[1:]:
        try:
            query, item, grade = line.decode().split("\t")
            grades[query][item] = int(grade)
        except ValueError as error:
            raise InputError(f"{qrels}: {error}", fix="three columns: query-id, corpus-id, score") from error
    judged = {query: found for query, found in grades.items() if any(grade > 0 for grade in found.values())}
    queries = {row["_id"]: row["text"] for row in _rows(folder / "queries.jsonl") if row["_id"] in judged}
    items = [Item(row["_id"], row.get("title", ""), row.get("text", "")) for row in _rows(corpus)]
    if not queries or not items:
        raise InputError(
            f"{folder} holds no judged queries or no items", fix="give a BEIR folder with judgments"
        )
    return Judged(
        ids=tuple(item.id for item in items),
        texts=tuple(item_text(item) for item in items),
        queries=queries,
        grades={query: judged[query] for query in queries},
    )


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(_lines(path), 1):
        try:
            row = orjson.loads(line)
            row["_id"], row["text"]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise InputError(f"{path}, line {number}: {error}", fix="give a BEIR folder") from error
        yield row


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            yield from (line.rstrip(b"\r\n") for line in file if line.strip())
    except (OSError, EOFError) as error:
        raise InputError(f"{path} cannot be read: {error}", fix="give a BEIR folder") from error

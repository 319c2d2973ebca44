"""BEIR's folder: ``queries.jsonl`` and ``qrels/<split>.tsv``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aisle.evaluation.exchange.judgments import Changes, Judgments, kept_items, one_line, something_left
from aisle.evaluation.qrels import read_judged_set, write_qrels, write_queries
from aisle.types import Query


@dataclass(frozen=True, slots=True)
class Beir:
    """One split of a BEIR folder.

    Attributes:
        split: "dev", "train", "test", ...
    """

    split: str = "dev"

    def recognises(self, path: Path) -> bool:
        """Whether it is such a folder."""
        return (path / "queries.jsonl").is_file()

    def read(self, path: Path) -> Judgments:
        """The judged queries of the split. Raises as ``read_judged_set``."""
        judged = read_judged_set(path, self.split)
        return Judgments(judged.queries, judged.qrels)

    def write(self, judgments: Judgments, path: Path, changes: Changes) -> None:
        """Write both files. Queries without a judgment stand in ``queries.jsonl`` alone."""
        queries: dict[str, Query] = {}
        qrels = {}
        for query in judgments.queries:
            if query.id != one_line(query.id):
                changes.add("queries left out: their ids have white space in them", query.id)
                continue
            if query.id not in judgments.qrels:
                changes.add("queries without a judgment are in queries.jsonl alone", query.text)
            queries[query.id] = query
            if items := kept_items(judgments.qrels.get(query.id, {}), changes):
                qrels[query.id] = items
        something_left(qrels)
        write_queries(queries.values(), path / "queries.jsonl")
        write_qrels(qrels, path / "qrels" / f"{self.split}.tsv")

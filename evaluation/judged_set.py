"""A judged folder in BEIR's layout: queries.jsonl and qrels/<split>.tsv."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evaluation.qrels import Qrels, read_qrels
from evaluation.queries import read_queries
from records import EvaluationError, InputError, Query


@dataclass(frozen=True, slots=True)
class JudgedSet:
    """Queries and their judgments.

    Attributes:
        name: what a report calls the set.
        split: "dev", "train", "test", ...
        queries: the judged queries only, in file order.
        qrels: query id to item id to grade.
    """

    name: str
    split: str
    queries: tuple[Query, ...]
    qrels: Qrels


def read_judged_set(folder: str | Path, split: str = "dev") -> JudgedSet:
    """Read one split of a BEIR folder.

    Raises:
        InputError: not such a folder, or no such split (names those there).
        EvaluationError: a judged query has no text.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"no such folder: {folder}", fix="name a folder with queries.jsonl and qrels/")
    qrels = read_qrels(_file_of_split(folder, split))
    by_id = {query.id: query for query in read_queries(folder / "queries.jsonl")}
    textless = [identity for identity in qrels if identity not in by_id]
    if textless:
        raise EvaluationError(
            f"{len(textless)} judged queries are not in queries.jsonl, the first is '{textless[0]}'",
            fix=f"add them to {folder / 'queries.jsonl'} or drop their judgments",
        )
    queries = tuple(query for query in by_id.values() if query.id in qrels)
    return JudgedSet(folder.resolve().name, split, queries, qrels)


def _file_of_split(folder: Path, split: str) -> Path:
    splits = {file.name.split(".")[0]: file for file in sorted((folder / "qrels").glob("*.tsv*"))}
    if split not in splits:
        found = ", ".join(splits) or "none"
        raise InputError(
            f"{folder} has no judgments for split '{split}' (found: {found})",
            fix=f"choose one with --split, or add qrels/{split}.tsv",
        )
    return splits[split]

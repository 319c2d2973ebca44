"""A judged folder with the texts of its catalogue: what an encoder is measured on."""

from __future__ import annotations

from pathlib import Path

from aisle.catalogue.options import ReadOptions
from aisle.catalogue.reader import read_catalogue
from aisle.encoder.text import item_text
from aisle.evaluation.encoders.tasks import Judged, check_task
from aisle.evaluation.qrels import read_judged_set


def read_judged(folder: Path, split: str = "dev") -> Judged:
    """Read ``corpus.jsonl[.gz]``, ``queries.jsonl`` and ``qrels/<split>.tsv``.

    Raises:
        InputError: a file is missing or cannot be parsed.
        EvaluationError: a judged query has no text.
    """
    judged = read_judged_set(folder, split)
    items = list(read_catalogue(folder, ReadOptions(format="beir")))
    return Judged(tuple(item.id for item in items), tuple(item_text(item) for item in items), judged)


def beir_task(folder: Path, split: str = "dev", relevant: float = 2) -> Judged:
    """A BEIR folder that can be scored.

    Raises:
        InputError: a file is missing or cannot be parsed.
        EvaluationError: no query has an item of grade ``relevant`` or more, or none of these items is there.
    """
    return check_task(read_judged(folder, split), relevant)

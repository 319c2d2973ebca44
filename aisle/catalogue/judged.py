"""A judged folder with the texts of its catalogue: what an encoder is measured on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aisle.catalogue.options import ReadOptions
from aisle.catalogue.reader import read_catalogue
from aisle.encoder.text import item_text
from aisle.errors import InputError
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


def require_apart(home: str | Path | None, outside: Sequence[str | Path]) -> None:
    """Refuse a folder that is at home and outside, which would show what was won as what was kept.

    Raises:
        InputError: there is one, or one is outside twice; by whatever paths.
    """
    own = None if home is None else Path(home).resolve()
    seen: set[Path] = set()
    for folder in map(Path, outside):
        place = folder.resolve()
        if place == own or place in seen:
            twice = "the domain itself and outside of it" if place == own else "outside twice"
            raise InputError(
                f"{folder} is {twice}",
                fix="name judgments of other domains with --outside, each once, or leave it out",
            )
        seen.add(place)

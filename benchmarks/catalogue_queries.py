"""Real queries for the large catalogue: what shoppers typed, and what buyers wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from aisle.catalogue import ReadOptions
from aisle.catalogue.reader import open_rows
from aisle.catalogue.rejects import Rejects
from aisle.encoder import query_text
from aisle.evaluation import read_judged_set
from benchmarks.parts import dataset

SHOPPERS: Final = "homedepot dev queries"
REVIEWS: Final = "amazon2023 reviews"
_SPLITS: Final = ("dev", "train")
_MIN_CHARS: Final = 40


@dataclass(frozen=True, slots=True)
class QuerySet:
    """Attributes:
    name: as the tables call it.
    texts: what the encoder reads.
    """

    name: str
    texts: tuple[str, ...]


def query_sets(count: int) -> tuple[QuerySet, ...]:
    """Evenly chosen ``count`` of the queries of homedepot's dev split, and of amazon2023's reviews.

    No judgment is looked at: what counts here is how long the texts are, and where they point.

    Raises:
        InputError: the data is not there.
    """
    typed = [query_text(query.text) for query in read_judged_set(dataset("homedepot"), "dev").queries]
    return QuerySet(SHOPPERS, evenly(typed, count)), QuerySet(REVIEWS, evenly(list(_reviews()), count))


def evenly(texts: Sequence[str], count: int) -> tuple[str, ...]:
    """``count`` of the texts at even distances, all of them if there are fewer."""
    wanted = min(count, len(texts))
    return tuple(texts[number * len(texts) // wanted] for number in range(wanted))


def _reviews() -> Iterator[str]:
    """Reviews of over 40 characters, as the paper's setting has them (arXiv 2602.00899)."""
    folder = dataset("reviews/amazon2023")
    for split in _SPLITS:
        for row in open_rows(folder / f"{split}.jsonl.gz", ReadOptions(), Rejects()):
            text = query_text(str(row.cells.get("review") or ""))
            if len(text) > _MIN_CHARS:
                yield text

"""What an encoder is judged on, read from a BEIR folder or from reviews that training has not seen."""

from __future__ import annotations

from pathlib import Path

from aisle.catalogue.judged import beir_task
from aisle.errors import InputError
from aisle.evaluation.encoders.tasks import Judged, check_task
from aisle.training.data.review_pairs import review_judged
from aisle.training.data.reviews import ReviewOptions


def read_task(
    data: Path | None, reviews: Path | None, split: str = "dev", *, mask: bool = False, relevant: int = 2
) -> Judged:
    """The one task that is named: a BEIR folder or a folder of reviews.

    Raises:
        InputError: none or both are named, a mask without reviews, or a file cannot be read.
        EvaluationError: nothing in it can be scored.
    """
    if (data is None) == (reviews is None):
        raise InputError("the encoder needs one set to be judged on", fix="give --data DIR or --reviews DIR")
    if data is not None:
        if mask:
            raise InputError("only reviews can be masked", fix="use --mask with --reviews, not with --data")
        return beir_task(data, split, relevant)
    return reviews_task(reviews or Path(), split, ReviewOptions(mask=mask), relevant)


def reviews_task(
    folder: Path, split: str = "dev", options: ReviewOptions | None = None, relevant: int = 2
) -> Judged:
    """Reviews as queries, each for the product it is about; ``options.mask`` is the hard task.

    Raises:
        InputError: no such folder or split, or no review is long enough.
        EvaluationError: no review is of an item that the catalogue holds.
    """
    items, judged = review_judged(folder, split, options)
    return check_task(Judged(tuple(items), tuple(items.values()), judged), relevant)

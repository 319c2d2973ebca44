"""What an encoder is judged on: a catalogue's texts, queries and judgments."""

from __future__ import annotations

from pathlib import Path

from aisle.errors import EvaluationError, InputError
from aisle.evaluation.encoders.exact import Judged, read_judged
from aisle.evaluation.metrics import answerable
from aisle.training.data.review_pairs import review_judged
from aisle.training.data.reviews import ReviewOptions


def read_task(
    data: Path | None, reviews: Path | None, split: str = "dev", *, mask: bool = False, relevant: int = 2
) -> Judged:
    """The one task that is named: a BEIR folder or a folder of reviews.

    Raises:
        InputError: none or both are named, or a mask without reviews; else as the functions below.
    """
    if (data is None) == (reviews is None):
        raise InputError("the encoder needs one set to be judged on", fix="give --data DIR or --reviews DIR")
    if data is not None:
        if mask:
            raise InputError("only reviews can be masked", fix="use --mask with --reviews, not with --data")
        return beir_task(data, split, relevant)
    return reviews_task(reviews or Path(), split, ReviewOptions(mask=mask), relevant)


def beir_task(folder: Path, split: str = "dev", relevant: int = 2) -> Judged:
    """A BEIR folder.

    Raises:
        InputError: a file is missing or cannot be parsed.
        EvaluationError: nothing in it can be scored, see ``check_task``.
    """
    return check_task(read_judged(folder, split), relevant)


def reviews_task(
    folder: Path, split: str = "dev", options: ReviewOptions | None = None, relevant: int = 2
) -> Judged:
    """Reviews as queries, each for the product it is about; ``options.mask`` is the hard task.

    Raises:
        InputError: see ``training.pairs.review_judged``.
        EvaluationError: see ``check_task``.
    """
    items, judged = review_judged(folder, split, options)
    return check_task(Judged(tuple(items), tuple(items.values()), judged), relevant)


def check_task(task: Judged, relevant: int = 2) -> Judged:
    """The same task, before minutes are spent on encoding what cannot be scored.

    Raises:
        EvaluationError: no query has a relevant item, or none of these is in the catalogue.
    """
    name, split = task.judged.name, task.judged.split
    wanted = answerable(task.judged.qrels, relevant)
    if relevant < 1 or not wanted:
        raise EvaluationError(
            f"{name} has no judged query in split '{split}' with an item of grade {relevant} or more",
            fix="choose another --split, or a --relevant of 1 or more that its grades reach",
        )
    known = set(task.ids)
    if all(known.isdisjoint(items) for items in wanted.values()):
        raise EvaluationError(
            f"none of the items that {name} judges in split '{split}' is in its catalogue",
            fix="put the judgments beside the very catalogue they are about",
        )
    return task


def parse_widths(text: str) -> tuple[int, ...]:
    """Widths from ``384,64``, widest first; none from an empty text.

    Raises:
        InputError: not a list of whole numbers above 0.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise InputError(f"--widths {text!r} are no widths", fix="write them like --widths 384,64")
    return tuple(sorted({int(part) for part in parts}, reverse=True))

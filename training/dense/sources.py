"""Where a training set comes from: judgments, reviews or sequences, by folder."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from evaluation import read_judged_set
from records import InputError
from training.pairs.item_texts import item_texts
from training.pairs.judgments import judged_pairs
from training.pairs.leakage import without_leaks
from training.pairs.review_folder import read_review_folder
from training.pairs.review_views import review_views
from training.pairs.sequence_reader import read_sequences
from training.pairs.sequences import sequence_pairs
from training.pairs.training_set import TrainingSet

TRAIN, DEV = "train", "dev"


class SourceKind(Enum):
    """What a folder holds."""

    JUDGMENTS = "judgments"
    REVIEWS = "reviews"
    SEQUENCES = "sequences"


def read_training_set(kind: SourceKind, folder: Path, *, masked: bool = False) -> TrainingSet:
    """The split ``train`` of a folder.

    Args:
        kind: what it holds.
        folder: BEIR layout; ``train.jsonl`` and ``items.jsonl`` for reviews; one ``*sequence*`` file of user
            and item ids and a catalogue for sequences.
        masked: learn only from reviews without the words of their item's text.

    Raises:
        InputError: the folder is not such a one, or holds no positive pair.
    """
    return _READERS[kind](folder, masked)


def kept_apart(data: TrainingSet, held_out: Path) -> TrainingSet:
    """Without the training queries that the split ``dev`` of a BEIR folder will be measured with.

    Raises:
        InputError: no such split, or nothing is left.
    """
    return without_leaks(data, read_judged_set(held_out, DEV))[0]


def _judgments(folder: Path, _: bool) -> TrainingSet:
    return judged_pairs(folder, TRAIN)


def _reviews(folder: Path, masked: bool) -> TrainingSet:
    items, reviews = read_review_folder(folder, TRAIN)
    return review_views(reviews, items, masked_only=masked)


def _sequences(folder: Path, _: bool) -> TrainingSet:
    files = sorted(folder.glob("*sequence*"))
    if len(files) != 1:
        raise InputError(
            f"{folder} has {len(files)} files named *sequence*",
            fix="give a folder with one such file and items",
        )
    return sequence_pairs(read_sequences(files[0]), item_texts(folder))


_READERS = {
    SourceKind.JUDGMENTS: _judgments,
    SourceKind.REVIEWS: _reviews,
    SourceKind.SEQUENCES: _sequences,
}

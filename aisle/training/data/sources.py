"""Where a training set comes from: judgments, reviews or sequences, by folder."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from aisle.catalogue.interactions import interaction_files
from aisle.catalogue.sequence_file import read_user_sequences
from aisle.encoder.text import query_text
from aisle.evaluation import read_judged_set
from aisle.training.data.leakage import without_leaks
from aisle.training.data.review_pairs import read_review_folder, review_views
from aisle.training.data.sequences import sequence_pairs
from aisle.training.data.training_set import Pair, PairSource, TrainingSet, item_texts, training_set


def judged_pairs(folder: str | Path, split: str = "train", relevant: int = 2) -> TrainingSet:
    """Read one split: each judgment of grade ``relevant`` or more is a pair, the others are known grades.

    Raises:
        InputError: not such a folder, no such split, or no positive pair.
        EvaluationError: a judged query has no text.
    """
    judged = read_judged_set(folder, split)
    texts = {query.id: query_text(query.text) for query in judged.queries}
    pairs = (
        Pair(query, texts[query], item, grade, PairSource.JUDGMENTS)
        for query, known in judged.qrels.items()
        for item, grade in known.items()
    )
    return training_set(pairs, item_texts(folder), relevant=relevant)


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
        folder: BEIR layout; ``train.jsonl`` and ``items.jsonl`` for reviews; a catalogue and one file of
            sequences, a user and the user's items on each line.
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
    files = interaction_files(folder)
    return sequence_pairs(read_user_sequences(files.events), item_texts(files.catalogue or folder))


_READERS = {
    SourceKind.JUDGMENTS: _judgments,
    SourceKind.REVIEWS: _reviews,
    SourceKind.SEQUENCES: _sequences,
}

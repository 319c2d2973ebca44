"""The sequences that recommenders are measured on, with their items' texts as vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisle._recommend import encode_texts, find_files, read_data
from aisle.encoder import ArtifactStore
from aisle.errors import InputError
from aisle.recommendation.counts import count_items
from aisle.recommendation.settings import Learned
from aisle.sequences import Sequences
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import ENCODER, dataset


@dataclass(frozen=True, slots=True, eq=False)
class SequenceData:
    """A data set.

    Attributes:
        name: of it.
        sequences: of all users.
        texts: float32 [items, dims], whitened.
        titles: of the items.
    """

    name: str
    sequences: Sequences
    texts: NDArray[np.float32]
    titles: tuple[str, ...]

    def learned_from(self, sequences: Sequences) -> Learned:
        """Counts of some of the steps, beside the texts."""
        return Learned(count_items(sequences), self.texts)


def read_dataset(name: str) -> SequenceData:
    """Read a data set and encode its texts.

    Raises:
        InputError: it has no catalogue with texts.
    """
    known, read = read_data(find_files(dataset(name), None), None, say)
    encoded = encode_texts(known.texts if known else (), ENCODER, ArtifactStore.default(), say)
    if known is None or encoded is None:
        raise InputError(f"{name} has no texts", fix="name a data set with a catalogue")
    return SequenceData(name, read.sequences, encoded.vectors, known.titles)

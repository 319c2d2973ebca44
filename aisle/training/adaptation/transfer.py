"""What a new domain learns of a model that others trained: its tables, its codes' places, or everything."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.product_codes import ProductQuantizer
from aisle.evaluation.sequences.protocol import Split
from aisle.sequences import Sequences
from aisle.training.adaptation.alignment import SoftlyPermuted
from aisle.training.adaptation.tables import CodeTables, freeze_reader, moved_model
from aisle.training.common.machine import seed_all
from aisle.training.common.progress import Progress
from aisle.training.recommendation.loop import Course, learn
from aisle.training.recommendation.model import SequenceModel
from aisle.training.recommendation.settings import SequenceSettings


class Learning(Enum):
    """What of a model learns."""

    EVERYTHING = "everything"
    TABLES = "tables"
    """What reads histories stays bit for bit as it is."""
    COMPARED_TABLES = "tables, by what they are compared with"
    """The same, and nothing is propagated back through the layers, which takes less time."""


@dataclass(frozen=True, slots=True, eq=False)
class TableModel:
    """A model of code tables.

    Attributes:
        model: in evaluation mode.
        course: of its training; of no epochs where it is as it began.
    """

    model: SequenceModel[CodeTables]
    course: Course


def first_model(
    quantizer: ProductQuantizer, codes: NDArray[np.int32], settings: SequenceSettings
) -> TableModel:
    """One that knows what codes stand for in texts, and has learned nothing.

    Args:
        quantizer: whose codes these are.
        codes: int32 [items, tables].
        settings: of the model's shape, and the seed.

    Raises:
        InputError: a code that no table has.
    """
    seed_all(settings.seed)
    model = SequenceModel(CodeTables(codes, quantizer.rows(settings.dims)), settings)
    return TableModel(model.eval(), Course(0, (), ()))


def learn_domain(
    start: TableModel,
    codes: NDArray[np.int32],
    sequences: Sequences,
    settings: SequenceSettings,
    progress: Progress,
    validation: Split | None = None,
    *,
    part: Learning = Learning.EVERYTHING,
) -> TableModel:
    """Learn from the users of a domain; it is pre-training, where others are asked in the end.

    Args:
        start: is not changed.
        codes: int32 [items, tables], of the items of ``sequences``.
        sequences: that are learned from.
        settings: how; the shape is that of ``start``, but for dropout.
        progress: is told of steps.
        validation: on which the best epoch is chosen; None: the last one is taken.
        part: of the model that learns.

    Raises:
        InputError: nobody took two items, or a code that no table has.
    """
    model = moved_model(start.model, start.model.items.moved(codes), settings)
    if part is not Learning.EVERYTHING:
        freeze_reader(model)
    model.through_histories = part is not Learning.COMPARED_TABLES
    return TableModel(model, learn(model, sequences, settings, progress, validation))


def align(
    start: TableModel,
    codes: NDArray[np.int32],
    sequences: Sequences,
    settings: SequenceSettings,
    progress: Progress,
) -> NDArray[np.int64]:
    """Which of the tables' rows each code of a domain's own codebooks should have; nothing else learns.

    Args:
        start: of other domains; is not changed.
        codes: int32 [items, tables], by codebooks that were fitted on the new domain.
        sequences: of the new domain.
        settings: how.
        progress: is told of steps.

    Returns:
        int64 [tables, size], a permutation in every row; see ``alignment.recoded``.

    Raises:
        InputError: nobody took two items, or a code that no table has.
    """
    seed_all(settings.seed)
    mixed = SoftlyPermuted(start.model.items.moved(codes))
    model = moved_model(start.model, mixed, settings)
    freeze_reader(model)
    learn(model, sequences, settings, progress)
    return mixed.permutations()

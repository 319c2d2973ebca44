"""What a stage of training is: it improves the model of the stage before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import Field, dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from safetensors import SafetensorError
from sentence_transformers import SentenceTransformer

from aisle.encoder.artifact import Prefixes
from aisle.errors import InputError
from aisle.training.common.base_model import BaseModel
from aisle.training.common.machine import TrainingPrecision
from aisle.training.common.progress import Progress
from aisle.training.common.run_folder import unwritable
from aisle.training.data.examples import Examples, TokenTable
from aisle.training.data.training_set import TrainingSet
from aisle.training.dense.encode import TorchEncoder
from aisle.training.dense.losses import stage_loss
from aisle.training.dense.trainer import Collator, Schedule, StageSettings, train_stage


@dataclass(frozen=True, slots=True)
class StageOutcome:
    """What a stage did.

    Attributes:
        rows: examples.
        steps: of the optimizer.
        losses: (step, mean loss since the last entry).
        truncated: texts that were longer than the model reads, and were cut.
    """

    rows: int
    steps: int
    losses: tuple[tuple[int, float], ...]
    truncated: int = 0


@dataclass(frozen=True, slots=True)
class Context:
    """What a stage works with.

    Attributes:
        name: of the stage's place in the run.
        model: as the stage before left it; changed in place.
        base: what the run started from.
        data: the training set.
        settings: shared by all stages.
        seed: of the stage's own draws.
        encoder: the model as it stands.
        start: folder of the model as the stage before left it.
        folder: for what the stage makes on its way and may need again.
        checkpoints: where an interrupted fit is continued from.
        progress: receives the steps of what takes long.
        part: number of a fit, in a stage that fits several times: each has checkpoints of its own.
    """

    name: str
    model: SentenceTransformer
    base: BaseModel
    data: TrainingSet
    settings: StageSettings
    seed: int
    encoder: TorchEncoder
    start: Path
    folder: Path
    checkpoints: Path
    progress: Progress
    part: int = 0

    @property
    def prefixes(self) -> Prefixes:
        """Of the model family."""
        return self.base.prefixes

    @property
    def widths(self) -> tuple[int, ...]:
        """Matryoshka widths, full width first."""
        return tuple(self.settings.widths_of(self.base.width))

    @property
    def bf16(self) -> bool:
        """Whether to multiply in bfloat16."""
        return self.settings.precision.on(self.model.device.type) is TrainingPrecision.BF16

    def fit(self, examples: Examples, schedule: Schedule) -> StageOutcome:
        """Train the model on examples, with the trainer and the losses of the settings.

        Raises:
            InputError: fewer than two examples, or the disk is full.
        """
        if len(examples) < 2:
            raise InputError(
                f"stage {self.name} has {len(examples)} examples", fix="give more data, or leave it out"
            )
        tokens = self._tokens(examples.queries, examples.items)
        loss = stage_loss(self.model, self.settings, schedule.batch, examples, tokens)
        folder = self.checkpoints / str(self.part)
        try:
            trained = train_stage(
                self.model, loss, examples, tokens, schedule, self.settings, folder, self.seed, self.progress
            )
        # safetensors has an error of its own for a disk that is full.
        except (OSError, SafetensorError) as error:
            raise unwritable(folder, error) from error
        cut = tokens.queries.truncated + tokens.items.truncated
        return StageOutcome(len(examples), trained.steps, trained.losses, cut)

    def _tokens(self, queries: Sequence[str], items: Sequence[str]) -> Collator:
        longest = self.base.max_length
        query_tokens = min(self.settings.query_tokens, longest)
        item_tokens = min(self.settings.item_tokens, longest)
        collator = Collator(
            TokenTable.of(queries, self.base.tokenizer, query_tokens),
            TokenTable.of(items, self.base.tokenizer, item_tokens),
        )
        if collator.queries.truncated or collator.items.truncated:
            self.progress.note(
                f"{collator.queries.truncated:,} queries of more than {query_tokens} tokens and"
                f" {collator.items.truncated:,} items of more than {item_tokens} were cut"
            )
        return collator


class TrainingStage(Protocol):
    """A stage. Frozen dataclasses: their fields are part of the settings."""

    name: ClassVar[str]

    def train(self, context: Context) -> StageOutcome:
        """Improve ``context.model``, in place.

        Raises:
            InputError: the training set has nothing for this stage.
        """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

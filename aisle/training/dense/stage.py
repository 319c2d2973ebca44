"""What a stage of training is: it makes the model of the stage before it a better one."""

from __future__ import annotations

from dataclasses import Field, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from aisle.errors import InputError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from aisle.encoder.artifact import Prefixes
    from aisle.training.common.progress import Progress
    from aisle.training.data.mining import Encode
    from aisle.training.data.training_set import TrainingSet
    from aisle.training.data.examples import Examples


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast.

    Attributes:
        epochs: times that every pair is seen, not necessarily whole.
        learning_rate: its peak, after the warmup; it falls linearly to 0.
        batch: rows of a batch, each with the items of all others as negatives.

    Raises:
        InputError: a value that cannot be used.
    """

    epochs: float
    learning_rate: float
    batch: int

    def __post_init__(self) -> None:
        if not (self.epochs > 0 and self.learning_rate > 0 and self.batch >= 2):
            raise InputError(
                f"a stage cannot run with {self}",
                fix="give epochs and learning rate over 0, a batch of 2 or more",
            )


@dataclass(frozen=True, slots=True)
class StageOutcome:
    """What a stage did.

    Attributes:
        rows: examples; steps: of the optimizer; losses: (step, mean loss since the last entry).
        truncated: texts that were longer than the model reads, and were cut.
    """

    rows: int
    steps: int
    losses: tuple[tuple[int, float], ...]
    truncated: int = 0


class FitStage(Protocol):
    """See `Context.fit`."""

    def __call__(self, examples: Examples, schedule: Schedule, part: int = 0) -> StageOutcome:
        """Train."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a stage has at hand.

    Attributes:
        model: as the stage before left it; changed in place.
        widths: Matryoshka widths, full width first.
        fit: trains the model on examples, with the trainer and the losses of the settings. A stage that fits
            more than once numbers its parts, each of which has checkpoints and a seed of its own.
        data: the training set; prefixes: of the model family; seed: of the stage's own draws.
        bf16: whether to multiply in bfloat16.
        encode: the model as it stands, (texts, is_query) -> float32 unit rows.
        start: folder of the model as the stage before left it; folder: for what the stage makes on its way.
        progress: is told of long steps.
    """

    model: SentenceTransformer
    widths: tuple[int, ...]
    fit: FitStage
    data: TrainingSet
    prefixes: Prefixes
    seed: int
    bf16: bool
    encode: Encode
    start: Path
    folder: Path
    progress: Progress


class TrainingStage(Protocol):
    """A rung of the ladder. Frozen dataclasses: their fields are part of the settings."""

    name: ClassVar[str]

    def train(self, context: Context) -> StageOutcome:
        """Make ``context.model`` a better one.

        Raises:
            InputError: the training set has nothing for this stage.
        """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

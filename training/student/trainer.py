"""The distillation on sentence-transformers' trainer: AdamW, warmup, clipping, no checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from torch.utils.data import BatchSampler
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import PrinterCallback

from training.dense.progress import Progress
from training.dense.trainer import seed_all
from training.negatives.extras import needed
from training.student.batches import TEXT, Collator, LengthSampler
from training.student.loss import VectorDistillation
from training.student.settings import StudentSettings

_LOGGED = 50
"""Steps between two losses."""


class _Trainer(SentenceTransformerTrainer):
    """With our batches, and without a model card: the artifact has its own."""

    def __init__(self, sampler: LengthSampler, **arguments: Any) -> None:
        self._sampler = sampler
        super().__init__(**arguments)

    def get_batch_sampler(self, *_: Any, **__: Any) -> BatchSampler:
        """Ours, whatever is asked."""
        return self._sampler

    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """None."""


class _Steps(TrainerCallback):
    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def on_step_end(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        **_: Any,
    ) -> None:
        losses = (entry["loss"] for entry in reversed(state.log_history) if "loss" in entry)
        self._progress.step(state.global_step, state.max_steps, next(losses, None))


def train(
    student: SentenceTransformer,
    collator: Collator,
    settings: StudentSettings,
    bf16: bool,
    scratch: Path,
    progress: Progress,
) -> None:
    """Train ``student`` in place, on its device; ``scratch`` is a folder that the trainer insists on."""
    seed_all(settings.seed)
    widths = settings.widths_of(collator.teacher.shape[1])
    trainer = _Trainer(
        sampler=LengthSampler([len(row) for row in collator.ids], settings.batch, settings.seed),
        model=student,
        args=_arguments(settings, str(student.device), bf16, scratch),
        train_dataset=needed("datasets").Dataset.from_dict({TEXT: list(range(len(collator.ids)))}),
        loss=VectorDistillation(student, widths, settings.similarity, settings.scale),
        data_collator=collator,
        callbacks=[_Steps(progress)],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()


def _arguments(
    settings: StudentSettings, device: str, bf16: bool, scratch: Path
) -> SentenceTransformerTrainingArguments:
    shared: dict[str, Any] = {
        "num_train_epochs": settings.epochs,
        "learning_rate": settings.learning_rate,
        "per_device_train_batch_size": settings.batch,
        "weight_decay": settings.weight_decay,
        "max_grad_norm": settings.max_grad_norm,
        "warmup_steps": settings.warmup,
        "lr_scheduler_type": "linear",
        "bf16": bf16,
        "use_cpu": device == "cpu",
        "dataloader_pin_memory": device != "cpu",
    }
    return SentenceTransformerTrainingArguments(
        output_dir=str(scratch),
        seed=settings.seed,
        save_strategy="no",
        logging_steps=_LOGGED,
        disable_tqdm=True,
        report_to="none",
        log_level="error",
        **shared,
    )

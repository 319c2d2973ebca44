"""The distillation on sentence-transformers' trainer: AdamW, warmup, clipping, no checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainingArguments,
)
from transformers.trainer_callback import PrinterCallback

from records.extras import optional
from training.dense.progress import Progress
from training.dense.sampled_trainer import SampledTrainer, StepProgress
from training.dense.trainer import seed_all
from training.student.batches import TEXT, Collator, LengthSampler
from training.student.loss import VectorDistillation
from training.student.settings import StudentSettings

_LOGGED = 50
"""Steps between two losses."""


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
    texts = {TEXT: list(range(len(collator.ids)))}
    trainer = SampledTrainer(
        batches=LengthSampler([len(row) for row in collator.ids], settings.batch, settings.seed),
        model=student,
        args=_arguments(settings, str(student.device), bf16, scratch),
        train_dataset=optional("datasets", extra="train").Dataset.from_dict(texts),
        loss=VectorDistillation(student, widths, settings.similarity, settings.scale),
        data_collator=collator,
        callbacks=[StepProgress(progress)],
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

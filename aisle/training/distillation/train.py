"""A trained encoder to a student of fewer layers."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentence_transformers import SentenceTransformer, SentenceTransformerTrainingArguments
from transformers.trainer_callback import PrinterCallback

from aisle._extras import optional
from aisle.encoder.artifact import Prefixes
from aisle.errors import InputError
from aisle.training.common.base_model import (
    BaseModel,
    find_base,
    keep_layers,
    open_model,
    require_layers,
    save_model,
)
from aisle.training.common.progress import Progress, Silent, silenced_libraries
from aisle.training.common.run_folder import require_room, unwritable
from aisle.training.common.settings import TrainingPrecision, best_device, seed_all
from aisle.training.common.tokens import TokenTable
from aisle.training.dense.trainer import SampledTrainer, StepProgress
from aisle.training.distillation.student import (
    TEXT,
    Collator,
    LengthSampler,
    StudentSettings,
    VectorDistillation,
)

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def distil_student(
    teacher: Path,
    texts: Sequence[str],
    settings: StudentSettings,
    folder: Path,
    *,
    progress: Progress | None = None,
    device: str | None = None,
) -> Path:
    """Keep some layers of a teacher and train them to give its vectors.

    Args:
        teacher: folder of a trained model, in sentence-transformers' layout.
        texts: what the student learns on, as the encoder reads it, prefixes included: the catalogue's
            ``item_text`` and queries, or pseudo-queries (``aisle.training.data.titles``). Each counts once.
        settings: how.
        folder: where the student goes, in the teacher's layout: ``aisle.encoder.export`` takes it.
        progress: is told of steps.
        device: of torch, default a GPU if there is one.

    Returns:
        ``folder``. It appears whole or not at all; one that was there before is replaced.

    Raises:
        InputError: fewer than two texts, no such layers, or a full disk.
        MissingExtra: the extra ``train`` is not installed.
    """
    optional("sentence_transformers", extra="train")
    distinct = list(dict.fromkeys(texts))
    if len(distinct) < 2:
        raise InputError(
            f"a student cannot learn from {len(distinct)} texts", fix="give the catalogue's texts"
        )
    base = find_base(str(teacher))
    on = device or best_device()
    progress = progress or Silent()
    folder.parent.mkdir(parents=True, exist_ok=True)
    require_room(folder.parent, base.folder)
    with silenced_libraries():
        student = open_model(base.folder, on)
        _train(student, base, distinct, settings, folder.parent, on, progress)
    save_model(student, base, folder)
    return folder


def _train(
    student: SentenceTransformer,
    base: BaseModel,
    texts: Sequence[str],
    settings: StudentSettings,
    scratch: Path,
    device: str,
    progress: Progress,
) -> None:
    """In place."""
    # Here, since they import torch.
    from aisle.training.dense.encode import encode

    longest = min(settings.tokens, base.max_length)
    tokens = TokenTable.of(texts, base.tokenizer, longest)
    precision = settings.precision.on(device)
    # Before the teacher's vectors are made: a wrong layer number must not cost minutes.
    require_layers(student, settings.keep)
    progress.note(f"the teacher's vectors of {len(texts):,} texts")
    vectors = encode(student, Prefixes(), longest, precision, texts, False)
    student.max_seq_length = base.max_length
    keep_layers(student, settings.keep)
    try:
        with tempfile.TemporaryDirectory(prefix=".student-", dir=scratch) as work:
            train(
                student,
                Collator(tokens.ids, vectors),
                settings,
                precision is TrainingPrecision.BF16,
                Path(work),
                progress,
            )
    except OSError as error:
        raise unwritable(scratch, error) from error


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

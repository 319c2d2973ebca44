"""A trained encoder to a student of fewer layers."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from sentence_transformers import SentenceTransformer, SentenceTransformerTrainingArguments

from aisle._environment import optional
from aisle.encoder.export.torch_model import silenced_libraries
from aisle.errors import InputError
from aisle.training.common.base_model import (
    BaseModel,
    find_base,
    keep_layers,
    open_model,
    require_layers,
    save_model,
)
from aisle.training.common.machine import best_device, seed_all
from aisle.training.common.progress import Progress, Silent
from aisle.training.common.run_folder import require_room, unwritable
from aisle.training.common.trainer import StepProgress, trainer_arguments
from aisle.training.data.examples import TokenTable
from aisle.training.dense.encode import encode
from aisle.training.dense.trainer import SampledTrainer
from aisle.training.distillation.student import (
    TEXT,
    Collator,
    LengthSampler,
    StudentSettings,
    VectorDistillation,
)


def distil_student(
    texts: Sequence[str],
    settings: StudentSettings,
    folder: Path,
    *,
    progress: Progress | None = None,
    device: str | None = None,
) -> Path:
    """Keep some layers of a teacher and train them to give its vectors.

    Args:
        texts: what the student learns on, as the encoder reads it, prefixes included: the catalogue's
            ``item_text`` and queries, or pseudo-queries (``aisle.training.data.titles``). Each counts once.
        settings: how; their base is the teacher.
        folder: where the student goes, in the teacher's layout: ``aisle.encoder.export`` takes it.
        progress: receives every step.
        device: of torch, default a GPU if there is one.

    Returns:
        ``folder``. It appears whole or not at all; one that was there before is replaced.

    Raises:
        InputError: fewer than two texts, no such layers, or a full disk.
        MissingExtra: the extra ``train`` is not installed.
    """
    distinct = list(dict.fromkeys(texts))
    if len(distinct) < 2:
        raise InputError(
            f"a student cannot learn from {len(distinct)} texts", fix="give the catalogue's texts"
        )
    base = find_base(settings.base, settings.revision)
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

    longest = min(settings.tokens, base.max_length)
    tokens = TokenTable.of(texts, base.tokenizer, longest)
    precision = settings.precision.on(device)
    # Before the teacher's vectors are made: a wrong layer number must not cost minutes.
    require_layers(student, settings.keep)
    progress.note(f"the teacher's vectors of {len(texts):,} texts")
    vectors = encode(student, texts, longest, precision)
    student.max_seq_length = base.max_length
    keep_layers(student, settings.keep)
    try:
        with tempfile.TemporaryDirectory(prefix=".student-", dir=scratch) as work:
            train(
                student,
                Collator(tokens.ids, vectors),
                settings,
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
        args=_arguments(settings, student.device.type, scratch),
        train_dataset=optional("datasets", extra="train").Dataset.from_dict(texts),
        loss=VectorDistillation(student, widths, settings.similarity, settings.scale),
        data_collator=collator,
        callbacks=[StepProgress(progress)],
    )
    trainer.train()


def _arguments(settings: StudentSettings, device: str, scratch: Path) -> SentenceTransformerTrainingArguments:
    return SentenceTransformerTrainingArguments(
        output_dir=str(scratch),
        num_train_epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        per_device_train_batch_size=settings.batch,
        seed=settings.seed,
        save_strategy="no",
        logging_steps=_LOGGED,
        **trainer_arguments(settings, device),
    )

"""A trained encoder to a student of fewer layers."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from encoder.manifest import Prefixes
from records import InputError
from records.extras import optional
from training.dense.base_model import BaseModel, find_base, open_model, save_model
from training.dense.disk import require_room, unwritable
from training.dense.precision import Precision, best_device
from training.dense.progress import Progress, Silent
from training.dense.quiet import quiet
from training.dense.tokens import TokenTable
from training.student.settings import StudentSettings

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
            ``item_text`` and queries, or pseudo-queries (``training.pairs.titles``). Each counts once.
        settings: how.
        folder: where the student goes, in the teacher's layout: ``training.export`` takes it.
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
    with quiet():
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
    from training.dense.encode import encode
    from training.student.batches import Collator
    from training.student.layers import keep_layers, require_layers
    from training.student.trainer import train

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
                precision is Precision.BF16,
                Path(work),
                progress,
            )
    except OSError as error:
        raise unwritable(scratch, error) from error

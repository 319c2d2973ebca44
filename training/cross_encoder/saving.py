"""A trained cross-encoder on disk: whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from records import InputError
from training.dense.quiet import quiet

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

RUN = "run"
"""What the trainer insists on having, within the staged folder."""


def require_new(folder: Path) -> None:
    """Refuse a folder that is there. Raises InputError."""
    if folder.exists():
        raise InputError(f"{folder} exists already", fix="name a new folder, or remove it")


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """A neighbouring folder that takes the name ``folder`` at the end; after a failure nothing is left."""
    staged = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    try:
        staged.mkdir(parents=True)
        yield staged
        staged.replace(folder)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def save(model: CrossEncoder, staged: Path) -> None:
    """As sentence-transformers saves it, without what the trainer left."""
    shutil.rmtree(staged / RUN, ignore_errors=True)
    with quiet():
        model.save_pretrained(str(staged), create_model_card=False)

"""A full disk, found before hours are spent, or said clearly when it comes after all."""

from __future__ import annotations

import shutil
from pathlib import Path

from records import InputError

_COPIES = 7
"""Of the weights: two checkpoints for a moment, each with AdamW's two moments, and the finished model."""


def require_room(folder: Path, model: Path) -> None:
    """Refuse to begin a stage that cannot be saved.

    Raises:
        InputError: ``folder``'s disk has no room for checkpoints of the weights in ``model``.
    """
    wanted = _COPIES * (model / "model.safetensors").stat().st_size
    free = shutil.disk_usage(folder).free
    if free < wanted:
        raise InputError(
            f"{folder} has {free / 1e6:,.0f} MB free, a stage of training needs {wanted / 1e6:,.0f} MB",
            fix="make room, or name a work folder on another disk",
        )


def unwritable(folder: Path, error: Exception) -> InputError:
    """The error for a folder that could not be written to its end."""
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return InputError(
        f"{folder} cannot be written: {reason}",
        fix="make room on the disk, then run the command again with --resume",
    )

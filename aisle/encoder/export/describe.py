"""The manifest of an artifact that is about to be built: what is the same for every kind."""

from __future__ import annotations

from typing import Any

from aisle.encoder.artifact import Manifest, check_name
from aisle.encoder.export.options import ExportOptions
from aisle.encoder.export.weights import WeightSource
from aisle.encoder.text import TEXT_VERSION
from aisle.errors import InputError

MAX_LENGTH = 256
"""Most tokens of an input unless more are asked for."""


def describe(options: ExportOptions[Any], source: WeightSource, **known: Any) -> Manifest:
    """A manifest without precision, metrics and file hashes; ``known``: fields that the kind alone knows.

    Raises:
        InputError: the name, or the model's where none is given, is none for an artifact.
    """
    return Manifest(
        name=check_name(options.name or source.model.rpartition("/")[2]),
        base_model=options.base_model or source.model,
        revision=source.identity(),
        text_version=TEXT_VERSION,
        data_hash=options.data_hash,
        training=options.training,
        **known,
    )


def chosen_length(asked: int | None, trained: int | None, *, least: int, most: int) -> int:
    """The longest input, in tokens: as asked, else as in training, but no more than ``MAX_LENGTH``.

    Args:
        asked: None: the model decides.
        trained: what its configuration says, if it says.
        least: that leaves room for a text.
        most: that the model has positions for.

    Raises:
        InputError: what is asked for is out of these bounds.
    """
    longest = asked if asked is not None else min(trained or MAX_LENGTH, MAX_LENGTH, most)
    if not least <= longest <= most:
        raise InputError(
            f"max_length {longest} is not possible with this model", fix=f"choose {least} to {most}"
        )
    return longest

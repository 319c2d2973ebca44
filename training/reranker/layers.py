"""Which layers of a teacher a reranker begins with."""

from __future__ import annotations

from pathlib import Path

from records import InputError
from training.export.checkpoint import json_object


def spread_layers(count: int, of: int) -> tuple[int, ...]:
    """``count`` layer numbers at even distances, the first and the last among them (one alone: the first).

    Raises:
        InputError: the teacher has fewer layers.
    """
    if not 1 <= count <= of:
        raise InputError(
            f"{count} layers cannot be kept of a teacher's {of}", fix=f"keep 1 to {of}, as in --layers 3"
        )
    if count == 1:
        return (0,)
    return tuple(round(place * (of - 1) / (count - 1)) for place in range(count))


def layer_count(teacher: Path) -> int:
    """How many layers a model folder's BERT has.

    Raises:
        InputError: no such folder, or its config.json does not tell.
    """
    if not (teacher / "config.json").is_file():
        raise InputError(f"{teacher} holds no cross-encoder", fix="name the folder that train_teacher made")
    count = json_object(teacher / "config.json").get("num_hidden_layers")
    if not isinstance(count, int):
        raise InputError(f"{teacher}/config.json has no num_hidden_layers", fix="use a BERT cross-encoder")
    return count

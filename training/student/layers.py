"""Fewer layers (Sanh et al. 2019, arXiv 1910.01108: a student begins as some of its teacher's layers)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sentence_transformers import CrossEncoder, SentenceTransformer
from torch import nn

from records import InputError


def require_layers(model: SentenceTransformer | CrossEncoder, keep: Sequence[int]) -> None:
    """Make sure that the model has layers of these numbers.

    Raises:
        InputError: it has not.
    """
    count = len(_bert(model).encoder.layer)
    if max(keep) >= count:
        raise InputError(
            f"the teacher has {count} layers, none of number {max(keep)}",
            fix=f"keep layers of 0 to {count - 1}",
        )


def keep_layers(model: SentenceTransformer | CrossEncoder, keep: Sequence[int]) -> None:
    """Drop all other layers of a BERT encoder, in place."""
    bert = _bert(model)
    bert.encoder.layer = nn.ModuleList(bert.encoder.layer[number] for number in keep)
    bert.config.num_hidden_layers = len(keep)


def _bert(model: SentenceTransformer | CrossEncoder) -> Any:
    return model[0].auto_model

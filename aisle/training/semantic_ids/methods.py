"""The ways to fit codebooks by the names that commands have for them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

from aisle.errors import InputError
from aisle.training.semantic_ids.method import QuantizerMethod
from aisle.training.semantic_ids.residual_kmeans import ResidualKMeans
from aisle.training.semantic_ids.rq_vae import RqVae
from aisle.training.semantic_ids.rq_vae_settings import CodebookStart


class MethodName(Enum):
    """``--method``."""

    KMEANS = "kmeans"
    RQVAE = "rqvae"


def method_of(name: str, *, epochs: int, start: str) -> QuantizerMethod:
    """The method of a name.

    Args:
        name: "kmeans" or "rqvae".
        epochs: of an RQ-VAE.
        start: of its codebooks, "kmeans" or "random".

    Raises:
        InputError: no such name, or settings that it cannot be trained with.
    """
    chosen, begun = _member(MethodName, name, "method"), _member(CodebookStart, start, "start")
    made: Mapping[MethodName, QuantizerMethod] = {
        MethodName.KMEANS: ResidualKMeans(),
        MethodName.RQVAE: RqVae(epochs=epochs, warmup=min(5, epochs - 1), start=begun),
    }
    return made[chosen]


_Member = TypeVar("_Member", bound=Enum)


def _member(kind: type[_Member], name: str, what: str) -> _Member:
    try:
        return kind(name)
    except ValueError:
        known = ", ".join(member.value for member in kind)
        raise InputError(f"there is no {what} {name!r}", fix=f"use one of {known}") from None

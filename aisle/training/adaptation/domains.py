"""Domains as one, to learn from all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisle.errors import InputError
from aisle.sequences import Sequences, offsets_of


@dataclass(frozen=True, slots=True, eq=False)
class Domain:
    """What is known of a shop.

    Attributes:
        name: of it.
        sequences: of its users.
        texts: float32 [items, dims], of one encoder for all domains and not whitened; zeros for no text.

    Raises:
        InputError: not a row for each item.
    """

    name: str
    sequences: Sequences
    texts: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.texts.ndim != 2 or len(self.texts) != len(self.sequences.items):
            raise InputError(
                f"texts of {self.texts.shape} are not a vector for each of"
                f" {len(self.sequences.items):,} items of {self.name}",
                fix="encode the texts of the items that the sequences name",
            )


def joined(domains: Sequence[Domain]) -> Domain:
    """Users and items of all domains side by side; no item is shared, even where ids are the same.

    Raises:
        InputError: no domain, two of one name, or texts of different encoders.
    """
    names = [domain.name for domain in domains]
    widths = {domain.texts.shape[1] for domain in domains}
    if not domains or len(set(names)) != len(names) or len(widths) != 1:
        raise InputError(
            f"the domains {names} with texts of {sorted(widths)} values cannot be learned from together",
            fix="name one or more, each once, with texts of one encoder",
        )
    counts = [len(domain.sequences.items) for domain in domains]
    begins = np.cumsum([0, *counts[:-1]])
    held = [domain.sequences for domain in domains]
    sequences = Sequences(
        tuple(f"{domain.name}/{item}" for domain in domains for item in domain.sequences.items),
        tuple(f"{domain.name}/{user}" for domain in domains for user in domain.sequences.users),
        offsets_of(np.concatenate([each.lengths for each in held])),
        np.concatenate([each.steps + begin for each, begin in zip(held, begins, strict=True)]).astype(
            np.int32
        ),
    )
    return Domain("+".join(names), sequences, np.concatenate([domain.texts for domain in domains]))

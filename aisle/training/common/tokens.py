"""Texts as token ids, made once per stage with the tokenizer that also serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aisle.encoder.tokenizer import TextTokenizer


@dataclass(frozen=True, slots=True)
class TokenTable:
    """Token ids of texts, by their numbers; how many texts were too long and were cut."""

    ids: tuple[list[int], ...]
    truncated: int

    @property
    def lengths(self) -> tuple[int, ...]:
        """Tokens of each text."""
        return tuple(map(len, self.ids))

    @classmethod
    def of(cls, texts: Sequence[str], tokenizer: Path, most: int) -> TokenTable:
        """Tokenize, special tokens included; a text of more than ``most`` tokens is cut there."""
        rows = TextTokenizer(tokenizer, most + 1)(texts)
        long = [number for number, row in enumerate(rows) if len(row) > most]
        for number, row in zip(long, TextTokenizer(tokenizer, most)([texts[i] for i in long]), strict=True):
            rows[number] = row
        return cls(tuple(rows), len(long))


def length_batches(
    lengths: Sequence[int], size: int, seed: int | tuple[int, int], pool: int
) -> list[list[int]]:
    """Every position of ``lengths`` once, in shuffled batches of at most ``size``.

    Args:
        lengths: of the texts, in any unit.
        size: most positions of a batch.
        seed: the same seed, the same batches.
        pool: batches that are sorted by length together: more of them means less padding and less of a mix.
    """
    draw = np.random.default_rng(seed)
    order = draw.permutation(len(lengths)).tolist()
    batches: list[list[int]] = []
    for start in range(0, len(order), pool * size):
        together = sorted(order[start : start + pool * size], key=lambda i: lengths[i])
        batches += [together[first : first + size] for first in range(0, len(together), size)]
    return [batches[i] for i in draw.permutation(len(batches))]

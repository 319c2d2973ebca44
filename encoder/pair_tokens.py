"""A query and items to token ids of pairs: [CLS] query [SEP] item [SEP], the query read once for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoder.tokens import padded, read_tokenizer
from records import ArtifactCorrupt

SPECIAL = 3
"""[CLS] and two [SEP]."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Token ids of pairs (n rows), and how many of each belong to the query's segment ([CLS] to [SEP])."""

    rows: list[list[int]]
    firsts: list[int]

    @property
    def lengths(self) -> list[int]:
        """Tokens of each pair."""
        return [len(row) for row in self.rows]

    def feed(self, batch: Sequence[int] | NDArray[np.intp]) -> dict[str, NDArray[np.int64]]:
        """What the graph takes of some pairs: ``input_ids`` [b, s], ``firsts`` [b], ``lengths`` [b]."""
        ids, lengths = padded([self.rows[at] for at in batch])
        firsts = np.fromiter((self.firsts[at] for at in batch), dtype=np.int64, count=len(batch))
        return {"input_ids": ids, "firsts": firsts, "lengths": lengths}


class PairTokenizer:
    """With the artifact's own ``tokenizer.json``; the longer side is cut first, as in training."""

    def __init__(self, path: Path, max_length: int) -> None:
        """Raises ArtifactCorrupt: the file is no tokenizer of a BERT model."""
        self._tokenizer = read_tokenizer(path)
        # Which side is the longer one is told by their whole lengths; `clean` bounds what that can cost.
        self._tokenizer.no_truncation()
        self._room = max_length - SPECIAL
        self._cls, self._sep = (self._special(path, token) for token in ("[CLS]", "[SEP]"))

    def __call__(self, query: str, texts: Sequence[str]) -> Pairs:
        """Pairs of one query with each text."""
        asked = self._tokenizer.encode(query, add_special_tokens=False).ids
        rows, firsts = [], []
        for encoding in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False):
            first, second = shares(len(asked), len(encoding.ids), self._room)
            rows.append([self._cls, *asked[:first], self._sep, *encoding.ids[:second], self._sep])
            firsts.append(first + 2)
        return Pairs(rows, firsts)

    def _special(self, path: Path, token: str) -> int:
        number = self._tokenizer.token_to_id(token)
        if number is None:
            raise ArtifactCorrupt(f"{path} has no {token}", fix="use a BERT-family cross-encoder")
        return int(number)


def shares(first: int, second: int, room: int) -> tuple[int, int]:
    """Tokens that two sides of these lengths keep of ``room``: the longer one gives way, then both alike.

    As "longest_first" of the library tokenizers, which training cuts with.
    """
    if first + second <= room:
        return first, second
    half = room // 2
    if min(first, second) <= half:
        return (first, room - first) if first <= second else (room - second, second)
    return (half, room - half) if first <= second else (room - half, half)

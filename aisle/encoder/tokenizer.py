"""Text to token ids with the artifact's own ``tokenizer.json``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from aisle.errors import ArtifactCorrupt


class TextTokenizer:
    """Text to token ids, cut at the model's longest length and never padded."""

    def __init__(self, path: Path, max_length: int) -> None:
        self._tokenizer = read_tokenizer(path)
        self._tokenizer.enable_truncation(max_length)

    def __call__(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, special tokens included."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]


def read_tokenizer(path: Path) -> Tokenizer:
    """Read a ``tokenizer.json``; it never pads.

    Raises:
        ArtifactCorrupt: the file is no tokenizer.
    """
    try:
        tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
    # The Rust side raises plain Exception for a file that is no tokenizer.
    except Exception as error:
        raise ArtifactCorrupt(
            f"{path} is no tokenizer: {error}", fix="use a model folder that holds tokenizer.json"
        ) from error
    tokenizer.no_padding()
    return tokenizer


def padded(rows: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Token ids as int64 [n, longest], padded with 0 on the right, and the lengths as int64 [n]."""
    lengths = np.fromiter((len(row) for row in rows), dtype=np.int64, count=len(rows))
    ids = np.zeros((len(rows), int(lengths.max(initial=1))), dtype=np.int64)
    ids[np.arange(ids.shape[1]) < lengths[:, None]] = np.concatenate([np.asarray(row) for row in rows])
    return ids, lengths


SPECIAL = 3
"""[CLS] and two [SEP]."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Token ids of single texts (n rows)."""

    rows: list[list[int]]

    @property
    def lengths(self) -> list[int]:
        """Tokens of each text."""
        return [len(row) for row in self.rows]

    def feed(self, batch: Sequence[int] | NDArray[np.intp]) -> dict[str, NDArray[np.int64]]:
        """What the graph takes of some texts: ``input_ids`` [b, s], ``lengths`` [b]."""
        ids, lengths = padded([self.rows[at] for at in batch])
        return {"input_ids": ids, "lengths": lengths}


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
    """Query and item text to the token ids of a pair; the longer side is cut first, as in training."""

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

    The same as "longest_first" of the library tokenizers, which training cuts with.
    """
    if first + second <= room:
        return first, second
    half = room // 2
    if min(first, second) <= half:
        return (first, room - first) if first <= second else (room - second, second)
    return (half, room - half) if first <= second else (room - half, half)


def token_batches(lengths: Sequence[int], budget: int) -> list[NDArray[np.intp]]:
    """Group inputs so that rows x longest stays within a budget and little of it is padding.

    Args:
        lengths: tokens of each input.
        budget: most tokens of a batch, padding included; a single longer input makes a batch of its own.

    Returns:
        Batches of positions in ``lengths``, longest inputs first (a long straggler at the end would leave all
        but one core idle). Every position occurs exactly once.
    """
    order = np.argsort(-np.asarray(lengths, dtype=np.int64), kind="stable")
    batches: list[NDArray[np.intp]] = []
    start = 0
    while start < len(order):
        longest = max(1, lengths[order[start]])
        rows = max(1, budget // longest)
        batches.append(order[start : start + rows])
        start += rows
    return batches

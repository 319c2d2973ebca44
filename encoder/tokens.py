"""Text to token ids with the artifact's own ``tokenizer.json``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from records import ArtifactCorrupt


class TextTokenizer:
    """Truncating, never padding."""

    def __init__(self, path: Path, max_length: int) -> None:
        self._tokenizer = read_tokenizer(path)
        self._tokenizer.enable_truncation(max_length)

    def __call__(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, special tokens included."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]


def read_tokenizer(path: Path) -> Tokenizer:
    """A ``tokenizer.json`` that never pads.

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

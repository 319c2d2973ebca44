"""The tokens that a sparse encoder may give weights to."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoder.sparse_rows import is_feature
from records import InputError
from records.extras import optional

_UNUSED = re.compile(r"\[unused\d+\]")


def feature_tokens(tokenizer: Path, rows: int) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Ids, rising, and tokens: all but special and unused ones, and those with a dot.

    Args:
        tokenizer: a ``tokenizer.json``.
        rows: of the model's table of word vectors; ids from there on have no vector.

    Raises:
        InputError: not a tokenizer, or none of its tokens is left.
    """
    tokenizers = optional("tokenizers", extra="train")
    try:
        held = tokenizers.Tokenizer.from_str(tokenizer.read_text(encoding="utf-8"))
    # The Rust side raises plain Exception for a file that is no tokenizer.
    except Exception as error:
        raise InputError(
            f"{tokenizer} is no tokenizer: {error}", fix="use a complete model folder"
        ) from error
    special = {added.content for added in held.get_added_tokens_decoder().values()}
    special |= {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
    kept = sorted(
        (number, token)
        for token, number in held.get_vocab().items()
        if number < rows and token not in special and not _UNUSED.fullmatch(token) and is_feature(token)
    )
    if not kept:
        raise InputError(f"{tokenizer} has no token to search by", fix="use the tokenizer of a BERT model")
    return np.array([number for number, _ in kept], dtype=np.int64), tuple(token for _, token in kept)

"""Vectors of texts: encoded once, and found in the cache folder by every benchmark after."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from aisle._environment import cache
from aisle._files import whole_file
from aisle.encoder import DenseEncoder, item_text
from aisle.evaluation.encoders.exact import Floats
from aisle.recommendation.texts import text_vectors
from aisle.types import Item
from benchmarks.harness.command_line import say


def item_vectors(model: DenseEncoder, items: Sequence[Item]) -> Floats:
    """float32 [items, full], unit rows, without jitter.

    Raises:
        InputError: the cache folder cannot be written.
    """
    return kept_vectors(model, [item_text(item) for item in items])


def kept_vectors(model: DenseEncoder, texts: Sequence[str]) -> Floats:
    """The same of texts; an empty one becomes a row of zeros.

    Raises:
        InputError: the cache folder cannot be written.
    """
    made_of = blake2b("\0".join((model.fingerprint, *texts)).encode(), digest_size=8).hexdigest()
    path = cache() / "benchmarks" / f"vectors-{made_of}.npy"
    if not path.is_file():
        say(f"encoding {len(texts):,} texts, once")
        with whole_file(path) as file:
            np.save(file, text_vectors(model, texts), allow_pickle=False)
    found: Floats = np.load(path, allow_pickle=False)
    return found

"""The orders that item-to-item is measured on, with their items' texts and what lists are judged by."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load
from tokenizers import Tokenizer

from aisle._recommend import EncodedTexts, encode_texts
from aisle.baskets import Baskets
from aisle.catalogue.baskets import ReadBaskets, read_baskets
from aisle.catalogue.order_lines import OrderOptions
from aisle.encoder import ArtifactStore
from aisle.errors import InputError, MissingExtra
from aisle.evaluation.item_to_item.lists import ItemFacts
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import ENCODER, dataset

ORDERS: Final = OrderOptions(products="[0-9]{5}.*", ignore_case=True)
"""Of online_retail: products have numbers of five digits; some are written in both cases."""
_WORD: Final = re.compile("[a-z]{3,}")
_FEWEST_OF_A_KIND: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class BasketData:
    """A data set.

    Attributes:
        name: of it.
        baskets: all of them.
        titles: of the items.
        texts: of the titles, by the encoder that systems read.
        facts: by another encoder, and by the last words of the titles.
    """

    name: str
    baskets: Baskets
    titles: tuple[str, ...]
    texts: EncodedTexts
    facts: ItemFacts


@cache
def orders() -> ReadBaskets:
    """Read online_retail, once in a run.

    Raises:
        InputError: it is not there.
    """
    say("reading online_retail")
    read = read_baskets(dataset("online_retail") / "online_retail.csv.gz", None, ORDERS)
    say(read.words())
    return read


@cache
def online_retail() -> BasketData:
    """The same with its titles as vectors, by the encoder that systems read and by the one that judges.

    Raises:
        InputError: it is not there, or has no titles.
        MissingExtra: the extra ``bench`` is not installed.
    """
    read = orders()
    texts = encode_texts(read.titles, ENCODER, ArtifactStore.default(), say)
    if texts is None:
        raise InputError("these orders have no titles", fix="name orders with descriptions")
    facts = ItemFacts(judged(read.titles), kinds_of(read.titles))
    return BasketData("online_retail", read.baskets, read.titles, texts, facts)


def judged(titles: Sequence[str]) -> NDArray[np.float32]:
    """Vectors of titles by WordLlama's static embeddings, which no measured system reads.

    Mean of the tokens' vectors, as in https://github.com/dleemiller/WordLlama.

    Returns:
        float32 [titles, 256], of unit length; zeros for an empty title.

    Raises:
        MissingExtra: the extra ``bench`` is not installed.
    """
    # Its files alone: importing it sets up logging for everybody, and looks for weights on the network.
    found = find_spec("wordllama")
    if found is None or not found.submodule_search_locations:
        raise MissingExtra("wordllama", extra="bench")
    folder = Path(found.submodule_search_locations[0])
    weights = load((folder / "weights" / "l2_supercat_256.safetensors").read_bytes())
    table = np.asarray(next(iter(weights.values())), dtype=np.float32)
    tokenizer = Tokenizer.from_str((folder / "tokenizers" / "l2_supercat_tokenizer_config.json").read_text())
    vectors = np.zeros((len(titles), table.shape[1]), dtype=np.float32)
    for place, title in enumerate(titles):
        tokens = tokenizer.encode(title.lower(), add_special_tokens=False).ids
        if tokens:
            vectors[place] = table[tokens].mean(axis=0)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, np.finfo(np.float32).tiny))


def kinds_of(titles: Sequence[str]) -> NDArray[np.int32]:
    """What sort of thing each is, by the last word of its title without a plural: int32 [titles].

    English names of products end with what they are ("white metal lantern"). -1 for words of fewer than three
    titles, which are colours and sizes as often as things.
    """
    last = [next(reversed(_WORD.findall(title.lower())), "").removesuffix("s") for title in titles]
    often = {word for word, count in Counter(last).items() if word and count >= _FEWEST_OF_A_KIND}
    numbers = {word: number for number, word in enumerate(sorted(often))}
    return np.array([numbers.get(word, -1) for word in last], dtype=np.int32)

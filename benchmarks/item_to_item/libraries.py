"""Baselines of other libraries: ALS of `implicit`, item2vec by gensim's word2vec."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from aisle._environment import optional
from aisle.baskets import Baskets
from aisle.evaluation.item_to_item.lists import BestOf, Lister
from aisle.recommendation.item_to_item.scorers import VectorScorer
from aisle.recommendation.item_to_item.systems import BasketsLearned, BasketSystem

SEED = 7


@dataclass(frozen=True, slots=True)
class AlsSetting:
    """Width of the factors, and the weight of what is in a basket against what is not."""

    factors: int
    alpha: float


class AlsSystem(BasketSystem[AlsSetting]):
    """Factors of baskets and items (Hu et al. 2008); items are compared by cosine."""

    name = "ALS (implicit)"

    def settings(self) -> tuple[AlsSetting, ...]:
        return AlsSetting(64, 1.0), AlsSetting(128, 1.0), AlsSetting(128, 10.0)

    def lister(self, learned: BasketsLearned, setting: AlsSetting) -> Lister:
        als = optional("implicit.als", extra="bench")
        model = als.AlternatingLeastSquares(
            factors=setting.factors, alpha=setting.alpha, iterations=12, random_state=SEED, num_threads=1
        )
        model.fit(taken(learned.baskets), show_progress=False)
        return _by_cosine(self.name, np.asarray(model.item_factors, dtype=np.float32))


@dataclass(frozen=True, slots=True)
class Item2VecSetting:
    """Passes over the baskets, and the power of popularity by which negatives are drawn."""

    epochs: int
    negatives: float


class Item2VecSystem(BasketSystem[Item2VecSetting]):
    """Skip-gram over baskets in a random order (Barkan and Koenigstein 2016), 10 items each way.

    At the usual settings: one training of it takes longer than all systems without training together.
    """

    name = "item2vec (gensim)"

    def settings(self) -> tuple[Item2VecSetting, ...]:
        return (Item2VecSetting(5, 0.75),)

    def lister(self, learned: BasketsLearned, setting: Item2VecSetting) -> Lister:
        word2vec = optional("gensim.models.word2vec", extra="bench")
        baskets = learned.baskets
        draw = np.random.default_rng(SEED)
        texts = [
            [str(item) for item in draw.permutation(baskets.members[begin:end])]
            for begin, end in zip(baskets.offsets, baskets.offsets[1:], strict=False)
        ]
        model = word2vec.Word2Vec(
            texts,
            vector_size=128,
            window=10,
            shrink_windows=False,
            sg=1,
            negative=5,
            ns_exponent=setting.negatives,
            sample=0,
            min_count=1,
            epochs=setting.epochs,
            seed=SEED,
            workers=1,
        )
        vectors = np.zeros((len(baskets.items), 128), dtype=np.float32)
        for place in np.unique(baskets.members).tolist():
            vectors[place] = model.wv[str(place)]
        return _by_cosine(self.name, vectors)


def taken(baskets: Baskets) -> sparse.csr_array:
    """float32 [baskets, items], 1 for what a basket holds."""
    ones = np.ones(len(baskets.members), dtype=np.float32)
    shape = len(baskets), len(baskets.items)
    return sparse.csr_matrix((ones, baskets.members, baskets.offsets), shape=shape)


def _by_cosine(name: str, vectors: NDArray[np.float32]) -> Lister:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
    return BestOf(VectorScorer(name, unit, unit))

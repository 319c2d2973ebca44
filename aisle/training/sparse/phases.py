"""What a sparse encoder learns from, epoch after epoch: pseudo-queries from titles, then pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from aisle.training.common.base_model import BaseModel
from aisle.training.data.examples import Examples, TokenTable, batch_count, plan_epoch
from aisle.training.data.mining import lexical_candidates
from aisle.training.data.negatives import Candidates, NegativeOptions, choose_negatives, with_negatives
from aisle.training.data.titles import learn_pseudo_queries, title_pairs
from aisle.training.data.training_set import Pair, TrainingSet
from aisle.training.sparse.settings import SparseSettings


@dataclass(frozen=True, slots=True)
class TrainingPhase:
    """Rows of an epoch, and the token ids of their texts."""

    examples: Examples
    queries: TokenTable
    items: TokenTable

    @classmethod
    def of(cls, examples: Examples, base: BaseModel, settings: SparseSettings) -> Self:
        """With the base model's tokenizer."""
        most = min(settings.max_tokens, base.max_length)
        tables = (TokenTable.of(texts, base.tokenizer, most) for texts in (examples.queries, examples.items))
        return cls(examples, *tables)

    def steps(self, settings: SparseSettings) -> int:
        """Batches of the epoch."""
        return batch_count(len(self.examples), self._size(settings))

    def batches(self, settings: SparseSettings, number: int) -> list[list[int]]:
        """Row numbers of each batch, of items of like length; another ``number``, another mix."""
        lengths = self.items.lengths
        longest = [max(lengths[item] for item in row) for row in self.examples.candidates]
        return plan_epoch(self.examples, longest, self._size(settings), settings.seed, number)

    def _size(self, settings: SparseSettings) -> int:
        return min(settings.batch, len(self.examples))


def training_phases(
    data: TrainingSet, candidates: Candidates | None, settings: SparseSettings, base: BaseModel
) -> list[TrainingPhase]:
    """One for each epoch.

    Raises:
        InputError: no pair has a negative.
    """
    titles = []
    if settings.titles:
        habits = learn_pseudo_queries(data)
        for epoch in range(settings.titles):
            made = title_pairs(data.items, 1, settings.seed + epoch, habits)
            titles.append(TrainingPhase.of(Examples.of(made, data, base.prefixes), base, settings))
    pairs, negatives = _with_negatives(data, candidates, settings)
    labelled = TrainingPhase.of(Examples.of(pairs, data, base.prefixes, negatives), base, settings)
    return [*titles, *[labelled] * settings.epochs]


def _with_negatives(
    data: TrainingSet, candidates: Candidates | None, settings: SparseSettings
) -> tuple[Sequence[Pair], list[tuple[str, ...]] | None]:
    if not settings.per_pair:
        return data.pairs, None
    options = NegativeOptions(
        per_query=max(8, settings.per_pair), skip=settings.skip, depth=settings.depth, seed=settings.seed
    )
    # Positives are among the best of the list: twice the depth leaves enough of the others.
    mined = lexical_candidates(data, 2 * settings.depth) if candidates is None else candidates
    return with_negatives(data, choose_negatives(data, mined, options), settings.per_pair)

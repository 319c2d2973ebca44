"""Mining for a stage: candidates from both sides, and rows of equal width."""

from __future__ import annotations

from itertools import cycle, islice

from records import InputError
from training.dense.stage import Context
from training.negatives.candidates import Candidates, mix_candidates
from training.negatives.choose import Negatives
from training.negatives.deal import deal_negatives
from training.negatives.dense import dense_candidates
from training.negatives.lexical import lexical_candidates
from training.negatives.options import NegativeOptions
from training.pairs.pair import Pair
from training.pairs.training_set import TrainingSet


def mined_candidates(context: Context, options: NegativeOptions) -> Candidates:
    """Candidates of BM25 and of the model as it stands, mixed."""
    context.progress.note("searching the catalogue for hard negatives")
    # Positives are among the best of both lists: twice the depth leaves enough of the others.
    depth = 2 * options.depth
    lexical = lexical_candidates(context.data, depth)
    dense = dense_candidates(context.data, context.encode, depth)
    return mix_candidates(lexical, dense, options.lexical_share)


def with_negatives(
    data: TrainingSet, negatives: Negatives, per_pair: int
) -> tuple[list[Pair], list[tuple[str, ...]]]:
    """Pairs and ``per_pair`` negatives of each; few are repeated, a pair without any is left out.

    Raises:
        InputError: no pair has a negative, or ``per_pair`` is under 1.
    """
    dealt = deal_negatives(data, negatives, per_pair)
    kept = [(pair, own) for pair, own in zip(data.pairs, dealt, strict=True) if own]
    if not kept:
        raise InputError("no pair has a negative", fix="give the whole catalogue as items")
    return [pair for pair, _ in kept], [tuple(islice(cycle(own), per_pair)) for _, own in kept]

"""How hard negatives are chosen."""

from __future__ import annotations

from dataclasses import dataclass

from records import InputError


@dataclass(frozen=True, slots=True)
class NegativeOptions:
    """Settings of ``choose_negatives``.

    Attributes:
        per_query: negatives kept for a query; the pairs of a query share them out (``deal_negatives``).
        skip: first ranks of the candidates that are passed over, where unjudged positives gather.
        depth: last rank that is considered.
        max_share: a candidate is dropped when its score is above this share of the mean score of the query's
            positives (NV-Retriever, arXiv 2407.15831, section 3: TopK-PercPos, .95 there); 1 drops
            those that beat the positives. For scores that are not negative: cosines, or a teacher's
            ``relative_scores``.
        lexical_share: share of lexical candidates where they are mixed with dense ones.
        judged_first: items judged irrelevant (grade 0) come before all mined ones.
        fill: complete a short list with random items of the catalogue.
        seed: of every random choice.
    """

    per_query: int = 8
    skip: int = 0
    depth: int = 50
    max_share: float = 0.95
    lexical_share: float = 0.5
    judged_first: bool = True
    fill: bool = True
    seed: int = 17

    def __post_init__(self) -> None:
        """Raises InputError for settings that can choose nothing."""
        if self.per_query < 1:
            raise InputError(f"per_query {self.per_query} chooses nothing", fix="use 1 or more")
        if not 0 <= self.skip < self.depth:
            raise InputError(
                f"ranks {self.skip} to {self.depth} hold no candidate", fix="use 0 <= skip < depth"
            )
        if self.max_share <= 0:
            raise InputError(f"max_share {self.max_share} drops everything", fix="use about .95, or 1")
        if not 0 <= self.lexical_share <= 1:
            raise InputError(f"lexical_share {self.lexical_share} is no share", fix="use 0 to 1")

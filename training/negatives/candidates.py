"""Ranked candidates of each query, and two lists made one."""

from __future__ import annotations

from collections.abc import Mapping

from records import InputError

Candidates = Mapping[str, tuple[str, ...]]
"""Query id to item ids, best first, each once."""

Scores = Mapping[str, Mapping[str, float]]
"""Query id to item id to a model's score."""


def mix_candidates(lexical: Candidates, dense: Candidates, lexical_share: float = 0.5) -> Candidates:
    """Merge by rank so that every beginning of a list holds about ``lexical_share`` of lexical candidates.

    An item that both list stands once, where it comes first. When one list ends the other goes on alone.

    Raises:
        InputError: the share is not within 0 and 1.
    """
    if not 0 <= lexical_share <= 1:
        raise InputError(
            f"lexical_share {lexical_share} is no share", fix="use 0 (all dense) to 1 (all lexical)"
        )
    queries = [*lexical, *(query for query in dense if query not in lexical)]
    return {query: _merged(lexical.get(query, ()), dense.get(query, ()), lexical_share) for query in queries}


def _merged(lexical: tuple[str, ...], dense: tuple[str, ...], share: float) -> tuple[str, ...]:
    # The i-th lexical candidate is due when the list is i / share long: sorting by that interleaves both.
    due = [((rank + 1) / share, 0, item) for rank, item in enumerate(lexical) if share > 0]
    due += [((rank + 1) / (1 - share), 1, item) for rank, item in enumerate(dense) if share < 1]
    due.sort(key=lambda entry: entry[:2])
    return tuple(dict.fromkeys(item for _, _, item in due))

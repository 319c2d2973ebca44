"""Opens a reranker by the names of its artifacts."""

from __future__ import annotations

from encoder import ArtifactStore, CrossEncoder
from records import InputError
from search import Reranker, Stage
from search.rerank.reranker import SCORES

TOP = 100
"""Candidates of a first stage unless it says otherwise."""

LATER = 20
"""Those of the stages that follow."""


def open_reranker(
    refs: str, store: ArtifactStore, top: int | None = None, remembered: int = SCORES
) -> Reranker:
    """A reranker of one stage or of several.

    Args:
        refs: an artifact (a path, a name or a fingerprint), or several as in ``small:100,large:20``: each
            reads so many of the best that the one before left.
        store: where artifacts are looked up.
        top: candidates of the first stage, unless it is named with a number.
        remembered: see ``Reranker``.

    Raises:
        InputError: nothing is named, or a number is none.
        ArtifactNotFound, ArtifactCorrupt: see ``CrossEncoder.load``.
    """
    named = [part.strip() for part in refs.split(",") if part.strip()]
    stages = [_stage(part, store, LATER if place else top or TOP) for place, part in enumerate(named)]
    return Reranker(stages, remembered=remembered)


def _stage(part: str, store: ArtifactStore, top: int) -> Stage:
    ref, colon, number = part.rpartition(":")
    if not colon:
        return Stage(CrossEncoder.load(part, store=store), top)
    if not number.isdecimal():
        raise InputError(f"{part!r} names no number of candidates", fix="write it like small:100,large:20")
    return Stage(CrossEncoder.load(ref, store=store), int(number))

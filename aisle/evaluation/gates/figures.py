"""What is measured of a release before it may go live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aisle.evaluation.metrics import Scores
from aisle.evaluation.seen import Seen


@dataclass(frozen=True, slots=True)
class Found:
    """How many of those asked for were found.

    Attributes:
        asked: how many.
        missed: which were not.
    """

    asked: int
    missed: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """Of those asked for, how many were found, 0 to 1; 1 if none was."""
        return 1 - len(self.missed) / self.asked if self.asked else 1.0


@dataclass(frozen=True, slots=True)
class ReleaseFigures:
    """One release, as it was measured.

    Attributes:
        release: index.
        uuid: of the index.
        documents: of it.
        size_bytes: of the index without replicas.
        coverage: field to the share of the documents that have it, 0 to 1.
        scores: of the judged queries; None: nothing was judged.
        milliseconds: judged query to how long its answer took.
        golden: golden queries and those that miss their item; None: there are none.
        titles, vectors: sampled items, and those that are not found by their own title or vector; None: it
            was not asked for them, or it has no vectors.
        vector_cosine: mean cosine of the sampled items' vectors with those that the encoder makes of
            them now; None likewise.
        seen: model to how many of the judged queries it learned from; without those that do not say.
        utilisation: of each level of codes, the share that some item has; empty without codes.
        int8_cosine: mean cosine of the encoder with what it was made of; None: it is no INT8 encoder, or its
            export did not measure it.
    """

    release: str
    uuid: str = ""
    documents: int = 0
    size_bytes: int = 0
    coverage: Mapping[str, float] = field(default_factory=dict)
    scores: Scores | None = None
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    golden: Found | None = None
    titles: Found | None = None
    vectors: Found | None = None
    vector_cosine: float | None = None
    seen: Mapping[str, Seen] = field(default_factory=dict)
    utilisation: tuple[float, ...] = ()
    int8_cosine: float | None = None

"""The models that order what a release finds, as the release names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self


@dataclass(frozen=True, slots=True)
class NamedModel:
    """An artifact.

    Attributes:
        fingerprint: its sha256, 64 hex digits.
        name: for people.
    """

    fingerprint: str
    name: str


@dataclass(frozen=True, slots=True)
class NamedStage:
    """A stage of a reranker.

    Attributes:
        fingerprint: of its artifact, 64 hex digits.
        name: for people.
        top: how many of the best it reads.
    """

    fingerprint: str
    name: str
    top: int


@dataclass(frozen=True, slots=True)
class Ordering:
    """The models that order what a release finds, unless whoever asks says otherwise.

    Attributes:
        ranker: orders the candidates of every search; None: none does.
        reranker: its stages, in turn; empty: none does.
        preferences: order recommendations; None: those that go by the recommender's name.
    """

    ranker: NamedModel | None = None
    reranker: tuple[NamedStage, ...] = ()
    preferences: NamedModel | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """A line of each, for people."""
        lines = [
            f"{what} {model.name} {model.fingerprint[:12]}"
            for what, model in (("ranker", self.ranker), ("preferences", self.preferences))
            if model is not None
        ]
        return (*lines, *(f"reranker {one.name}:{one.top} {one.fingerprint[:12]}" for one in self.reranker))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON for the mapping."""
        return {**asdict(self), "reranker": [asdict(stage) for stage in self.reranker]}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Self:
        """Read it back.

        Raises:
            TypeError, AttributeError, KeyError: it is no such JSON.
        """
        ranker, preferences = found["ranker"], found["preferences"]
        return cls(
            NamedModel(**ranker) if ranker is not None else None,
            tuple(NamedStage(**stage) for stage in found["reranker"]),
            NamedModel(**preferences) if preferences is not None else None,
        )


AS_FUSED: Final = Ordering()
"""No model orders anything."""

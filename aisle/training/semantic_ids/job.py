"""What ``aisle train codes`` does once a catalogue and events are read: vectors, codes, figures, artifact."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from aisle.encoder import Artifact, ArtifactStore, DenseEncoder
from aisle.encoder.artifact import check_name
from aisle.encoder.code_artifact import save_codes
from aisle.encoder.collisions import check_room
from aisle.errors import InputError
from aisle.evaluation.codes import CodeReport, PrefixLabel, code_report, prefix_labels
from aisle.evaluation.sequences.protocol import SHORTEST, EvaluationProtocol, Phase, next_steps, split
from aisle.recommendation.texts import text_vectors
from aisle.sequences import Sequences
from aisle.training.common.progress import Progress
from aisle.training.semantic_ids.co_purchases import co_purchase_vectors
from aisle.training.semantic_ids.fit import CodeSettings, FittedCodes, ModalityVectors, fit_codes
from aisle.training.semantic_ids.method import check_sizes

TEXT: Final = "text"
CO_PURCHASES: Final = "co-purchases"

TEXT_WEIGHT: Final = 1.0
CO_PURCHASE_WEIGHT: Final = 0.5
TEXT_DIMS: Final = 48
CO_PURCHASE_DIMS: Final = 32
"""What became usual on Amazon Beauty's validation, see docs/adr/0029."""

_LABELLED: Final = 2
"""Levels whose prefixes are labelled."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainedCodes:
    """Codes on disk, and figures of them.

    Attributes:
        artifact: where they are.
        report: figures; of pairs that the codes were not made of.
        labels: of the prefixes of the first level, those of most items first.
    """

    artifact: Artifact
    report: CodeReport
    labels: tuple[PrefixLabel, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "path": str(self.artifact.path),
            "fingerprint": self.artifact.fingerprint,
            "report": self.report.to_json(),
            "labels": [asdict(label) for label in self.labels],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CodesJob:
    """Codes from a catalogue, its encoder and, if there are any, events.

    Attributes:
        name: of the artifact.
        settings: of the codes.
        text_weight, co_purchase_weight: of the two modalities; 0 leaves one out.
        text_dims: directions of the texts' vectors that are kept.
        co_purchase_dims: width of the vectors of co-purchases.

    Raises:
        InputError: a name that no artifact can have, a weight below 0, or both 0.
    """

    name: str
    settings: CodeSettings
    text_weight: float = TEXT_WEIGHT
    co_purchase_weight: float = CO_PURCHASE_WEIGHT
    text_dims: int = TEXT_DIMS
    co_purchase_dims: int = CO_PURCHASE_DIMS

    def __post_init__(self) -> None:
        check_name(self.name)
        weights = self.text_weight, self.co_purchase_weight
        if min(weights) < 0 or not sum(weights) > 0 or min(self.text_dims, self.co_purchase_dims) < 1:
            raise InputError(
                f"texts of weight {weights[0]:g} and co-purchases of weight {weights[1]:g} make no codes",
                fix="give weights of 0 or more, and one above 0",
            )

    def run(
        self,
        items: Sequence[str],
        texts: Sequence[str],
        sequences: Sequences | None,
        encoder: DenseEncoder | None,
        store: ArtifactStore,
        progress: Progress,
    ) -> TrainedCodes:
        """Fit, measure and save.

        The last step of every user's sequence is left alone, and the one before it measures whether what is
        bought in a row has a prefix in common: neither is counted.

        Args:
            items: ids, each once.
            texts: of each; empty where there is none.
            sequences: of the same items, in the same order; None: texts alone.
            encoder: of texts; None: co-purchases alone.
            store: where the artifact goes.
            progress: is told of phases and steps.

        Raises:
            InputError: nothing to make codes of, or more codes in a level than items.
            MissingExtra: the extra ``train`` is not installed.
        """
        learned, pairs = held_out_steps(sequences)
        bought = self._bought(learned, progress)
        reader = encoder if self.text_weight and any(texts) else None
        covered = np.zeros(len(items), dtype=np.bool_)
        if bought is not None:
            covered |= bought.vectors.any(axis=1)
        if reader is not None:
            covered |= np.array([bool(text) for text in texts], dtype=np.bool_)
        rows = np.flatnonzero(covered)
        if not len(rows):
            raise InputError(
                "there are no vectors to make codes of",
                fix="name a catalogue and an encoder, or events, with a weight above 0",
            )
        # Before the texts are read, which takes longer than all the rest.
        check_sizes(len(rows), self.settings.sizes)
        check_room(len(rows), self.settings.sizes)
        given = [*self._read(texts, reader, progress), *([bought] if bought else [])]
        if len(rows) < len(items):
            progress.note(f"{len(items) - len(rows):,} items have neither text nor co-purchases: no codes")
        progress.phase("fitting codebooks")
        kept = [replace(kind, vectors=kind.vectors[rows]) for kind in given]
        ids = [items[row] for row in rows.tolist()]
        fitted = fit_codes(ids, kept, self.settings, progress)
        progress.phase("measuring the codes")
        report = self._report(fitted, rows, len(items), pairs)
        named = [texts[row] for row in rows.tolist()]
        labels = tuple(
            label
            for length in range(1, 1 + min(_LABELLED, len(self.settings.sizes)))
            for label in prefix_labels(fitted.known.codes, named, length=length)
        )
        words = {"-".join(map(str, label.prefix)): label.words for label in labels}
        vectors = {kind.name: kind.vectors for kind in kept}
        artifact = save_codes(
            replace(fitted.known, labels=words),
            vectors,
            self.name,
            store,
            encoder=encoder.artifact if encoder else None,
            data_hash=_hash(ids, vectors),
            metrics=report.figures(),
            training=self._training(given),
        )
        firsts = sorted((label for label in labels if len(label.prefix) == 1), key=lambda one: -one.items)
        return TrainedCodes(artifact, report, tuple(firsts))

    def _bought(self, learned: Sequences | None, progress: Progress) -> ModalityVectors | None:
        if learned is None or not self.co_purchase_weight:
            return None
        progress.phase("counting what is bought together")
        vectors = co_purchase_vectors(learned, self.co_purchase_dims, self.settings.seed)
        return ModalityVectors(CO_PURCHASES, "ppmi of steps, svd", vectors, self.co_purchase_weight)

    def _read(
        self, texts: Sequence[str], encoder: DenseEncoder | None, progress: Progress
    ) -> list[ModalityVectors]:
        if encoder is None:
            return []
        progress.phase(f"encoding {len(texts):,} texts with {encoder.manifest.name}")
        vectors = text_vectors(encoder, texts)
        return [ModalityVectors(TEXT, encoder.fingerprint, vectors, self.text_weight, self.text_dims)]

    def _report(
        self, fitted: FittedCodes, rows: NDArray[np.intp], items: int, pairs: NDArray[np.int64] | None
    ) -> CodeReport:
        if pairs is not None:
            places = np.full(items, -1, dtype=np.int64)
            places[rows] = np.arange(len(rows))
            pairs = places[pairs]
            pairs = pairs[(pairs >= 0).all(axis=1) & (pairs[:, 0] != pairs[:, 1])]
        return code_report(
            self.name, fitted.first, self.settings.sizes, separated=fitted.known.codes, pairs=pairs
        )

    def _training(self, given: Sequence[ModalityVectors]) -> dict[str, Any]:
        modalities = [
            {
                "name": kind.name,
                "weight": kind.weight,
                "dims": kind.vectors.shape[1],
                "directions": kind.most,
            }
            for kind in given
        ]
        return {**self.settings.as_dict(), "modalities": modalities}


def held_out_steps(
    sequences: Sequences | None,
) -> tuple[Sequences | None, NDArray[np.int64] | None]:
    """What is counted, and int [pairs, 2] of what was bought next; None where nobody bought enough."""
    if sequences is None or not (sequences.lengths >= SHORTEST).any():
        return sequences, None
    data = split(sequences, EvaluationProtocol(), Phase.VALIDATION)
    return data.train, next_steps(data)


def _hash(items: Sequence[str], vectors: Mapping[str, NDArray[np.float32]]) -> str:
    """sha256 of the items and their vectors."""
    digest = hashlib.sha256(orjson.dumps(items))
    for name, held in vectors.items():
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(held).tobytes())
    return digest.hexdigest()

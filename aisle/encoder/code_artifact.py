"""Semantic IDs on disk: the quantizer and the codes of the items that it was fitted on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import orjson
from numpy.typing import NDArray

from aisle.encoder.artifact import (
    GOLDEN,
    ITEM_CODES,
    Artifact,
    ArtifactStore,
    Manifest,
    check_name,
    load_artifact,
    readable,
    write_manifest,
)
from aisle.encoder.codes import Codebooks, Layer, Modality, Quantizer
from aisle.encoder.collisions import separate
from aisle.encoder.self_test import SelfTest
from aisle.encoder.text import TEXT_VERSION
from aisle.encoder.whitening import Whitening
from aisle.errors import ArtifactCorrupt, InputError

CODEBOOKS: Final = "codebooks.npz"
DESCRIPTION: Final = "codes.json"
ITEMS: Final = "items.json"
CODES: Final = "codes.npy"
LABELS: Final = "labels.json"

_AGAIN: Final = "train the codes again with `aisle train codes`"
_CLOSE: Final = 1e-3
_RECORDED: Final = 16
"""Items of the self-test."""


@dataclass(frozen=True, slots=True, eq=False)
class ItemCodes:
    """A quantizer and the codes of known items.

    Attributes:
        quantizer: gives new items their codes.
        items: ids.
        codes: int32 [items, levels], after reassignment: no two rows alike.
        labels: prefix, such as "5-42", to the words that tell its items from others; may be empty.

    Raises:
        InputError: as many rows as items are not there, an id is there twice, or a code is out of its level.
    """

    quantizer: Quantizer
    items: tuple[str, ...]
    codes: NDArray[np.int32]
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        levels = len(self.quantizer.sizes)
        if self.codes.shape != (len(self.items), levels) or len(set(self.items)) != len(self.items):
            raise InputError(
                f"codes of {self.codes.shape} are not {levels} for each of {len(self.items):,} items",
                fix=_AGAIN,
            )
        sizes = np.array(self.quantizer.sizes)
        if not ((self.codes >= 0) & (self.codes < sizes)).all():
            raise InputError("an item has a code that its level does not have", fix=_AGAIN)

    def by_item(self) -> Mapping[str, tuple[int, ...]]:
        """Id to codes, coarsest first."""
        return dict(zip(self.items, map(tuple, self.codes.tolist()), strict=True))

    def of_new(self, vectors: Mapping[str, NDArray[np.float32]]) -> NDArray[np.int32]:
        """Codes of items that came later: of the frozen codebooks, and none that a known item has.

        See `Quantizer.encode` for arguments and errors.

        Returns:
            int32 [n, levels], rows all different.
        """
        placed = self.quantizer.place(vectors)
        first = self.quantizer.encode_placed(placed)
        return separate(self.quantizer.codebooks, placed, first, self.codes)


@dataclass(frozen=True, slots=True, eq=False)
class CodesSelfTest(SelfTest):
    """Vectors of a few items and the codes that they had.

    Attributes:
        vectors: by modality, float32 [k, dims].
        codes: int32 [k, levels].
    """

    vectors: Mapping[str, NDArray[np.float32]]
    codes: NDArray[np.int32]

    @classmethod
    def recorded(cls, quantizer: Quantizer, vectors: Mapping[str, NDArray[np.float32]]) -> Self:
        """With the codes that the first items have on this machine."""
        few = {name: held[:_RECORDED].astype(np.float32) for name, held in vectors.items()}
        return cls(few, quantizer.encode(few))

    def check(self, quantizer: Quantizer, source: Path) -> None:
        """Hold this machine's codes to those that were recorded.

        Where two codes are equally near but for rounding, either will do: what counts is the distance.

        Raises:
            ArtifactCorrupt: names the first item whose codes differ.
        """
        placed = quantizer.place(self.vectors)
        now = quantizer.encode_placed(placed)
        then, found = (
            np.linalg.norm(placed.vectors - quantizer.codebooks.decode(codes), axis=1)
            for codes in (self.codes, now)
        )
        wrong = (now != self.codes).any(axis=1) & ~np.isclose(then, found, rtol=_CLOSE, atol=_CLOSE)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise ArtifactCorrupt(
                f"{source}: recorded item {row} has the codes {now[row].tolist()} on this machine,"
                f" {self.codes[row].tolist()} were recorded",
                fix=_AGAIN,
            )

    def _arrays(self) -> dict[str, Any]:
        return {"codes": self.codes, **{f"vectors_{name}": held for name, held in self.vectors.items()}}

    @classmethod
    def _of(cls, held: Mapping[str, NDArray[Any]]) -> Self:
        given = (name for name in held if name.startswith("vectors_"))
        return cls({name.removeprefix("vectors_"): held[name] for name in given}, held["codes"])


def save_codes(
    known: ItemCodes,
    vectors: Mapping[str, NDArray[np.float32]],
    name: str,
    store: ArtifactStore,
    *,
    encoder: Artifact | None = None,
    data_hash: str = "",
    metrics: Mapping[str, float] | None = None,
    training: Mapping[str, Any] | None = None,
) -> Artifact:
    """Write codes into the store, whole or not at all.

    Args:
        known: to be kept.
        vectors: of these items by modality, float32 [items, dims]; the first few become the self-test.
        name: of the artifact.
        store: where it goes.
        encoder: that made the texts' vectors, if there are any.
        data_hash: sha256 of what was learned from.
        metrics: figures of the codes.
        training: how they were made.

    Raises:
        InputError: a name that no artifact can have.
    """
    check_name(name)
    quantizer = known.quantizer
    with store.staging() as folder:
        np.savez(folder / CODEBOOKS, allow_pickle=False, **_arrays(quantizer))
        (folder / DESCRIPTION).write_bytes(
            orjson.dumps(_description(quantizer), option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY)
        )
        (folder / ITEMS).write_bytes(orjson.dumps(known.items))
        np.save(folder / CODES, known.codes)
        (folder / LABELS).write_bytes(orjson.dumps(known.labels))
        CodesSelfTest.recorded(quantizer, vectors).write(folder / GOLDEN)
        manifest = Manifest(
            kind=ITEM_CODES,
            name=name,
            base_model=encoder.manifest.name if encoder else "",
            revision=encoder.fingerprint if encoder else "",
            dims=quantizer.codebooks.dims,
            max_length=encoder.manifest.max_length if encoder else 0,
            text_version=encoder.manifest.text_version if encoder else TEXT_VERSION,
            data_hash=data_hash,
            metrics=metrics or {},
            training=training or {},
        )
        write_manifest(folder, manifest)
        return load_artifact(store.add(folder))


def load_codes(ref: str | Path, store: ArtifactStore | None = None) -> tuple[ItemCodes, Artifact]:
    """Open codes: their hashes are checked, their self-test is replayed.

    Raises:
        ArtifactNotFound: nothing goes by that reference.
        ArtifactCorrupt: it is of another kind, or names what differs.
    """
    store = store or ArtifactStore.default()
    fix = f"make them: aisle train codes --catalogue products.csv --name {ref}"
    artifact = store.find(ref, ITEM_CODES, "codes", fix)
    artifact.require(ITEM_CODES, "codes", fix="name codes that `aisle train codes` made")
    with readable(artifact.path, _AGAIN):
        description = orjson.loads(artifact.file(DESCRIPTION).read_bytes())
        with np.load(artifact.file(CODEBOOKS), allow_pickle=False) as held:
            quantizer = _quantizer(description, held)
        items = tuple(orjson.loads(artifact.file(ITEMS).read_bytes()))
        codes = np.load(artifact.file(CODES), allow_pickle=False)
        words = orjson.loads(artifact.file(LABELS).read_bytes())
        labels = {prefix: tuple(held) for prefix, held in words.items()}
        known = ItemCodes(quantizer, items, codes, labels)
    CodesSelfTest.read(artifact.file(GOLDEN)).check(quantizer, artifact.path)
    return known, artifact


def _description(quantizer: Quantizer) -> dict[str, Any]:
    """For people too: what is concatenated, and the levels."""
    return {
        "modalities": [
            {
                "name": modality.name,
                "source": modality.source,
                "inputs": modality.inputs,
                "dims": modality.dims,
                "weight": modality.weight,
            }
            for modality in quantizer.modalities
        ],
        "layers": [list(layer.matrix.shape) for layer in quantizer.layers],
        "sizes": quantizer.sizes,
    }


def _arrays(quantizer: Quantizer) -> dict[str, NDArray[np.float32]]:
    arrays = {f"level_{number}": level for number, level in enumerate(quantizer.codebooks.levels)}
    for number, modality in enumerate(quantizer.modalities):
        arrays[f"mean_{number}"] = modality.whitening.mean
        arrays[f"whitening_{number}"] = modality.whitening.matrix
    for number, layer in enumerate(quantizer.layers):
        arrays |= {f"matrix_{number}": layer.matrix, f"bias_{number}": layer.bias}
    return arrays


def _quantizer(description: Mapping[str, Any], held: Mapping[str, NDArray[Any]]) -> Quantizer:
    modalities = tuple(
        Modality(
            entry["name"],
            entry["source"],
            entry["weight"],
            Whitening(held[f"mean_{number}"], held[f"whitening_{number}"]),
        )
        for number, entry in enumerate(description["modalities"])
    )
    layers = tuple(
        Layer(held[f"matrix_{number}"], held[f"bias_{number}"])
        for number in range(len(description["layers"]))
    )
    levels = tuple(held[f"level_{number}"] for number in range(len(description["sizes"])))
    return Quantizer(modalities, layers, Codebooks(levels))

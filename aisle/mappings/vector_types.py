"""How an index keeps its vectors: the types of their numbers, and what that makes of their scores. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from aisle.errors import CapabilityMissing, InputError

Floats = NDArray[np.float32]
# float32, or the signed bytes of a quantisation.
Numbers = NDArray[np.float32] | NDArray[np.int8]


class VectorType(StrEnum):
    """What the numbers of a vector are kept as."""

    FP32 = "fp32"
    FP16 = "fp16"
    BYTE = "byte"
    DISK = "disk"

    @classmethod
    def of(cls, name: str) -> Self:
        """The type of this name.

        Raises:
            InputError: there is none.
        """
        try:
            return cls(name)
        except ValueError:
            raise InputError(
                f"vectors cannot be kept as {name!r}", fix=f"use one of {', '.join(cls)}"
            ) from None


LEAST_BEAM: Final = 256
"""Width of the search in the graph for 128 neighbours or fewer. With a multiple of k alone, the nearest
neighbour of all is missed by half of the searches for one, and one in ten by those for ten."""

# The lucene engine takes the beam for k, which OpenSearch limits.
_MAX_BEAM: Final = 10_000


def beam(k: int) -> int:
    """Width of the search for k neighbours in the HNSW graph (``ef`` of arXiv 1603.09320, section 4): twice
    as many, as a beam finds its own tail badly."""
    return min(max(LEAST_BEAM, 2 * k), _MAX_BEAM)


@dataclass(frozen=True, slots=True)
class VectorLayout:
    """How one k-NN engine keeps vectors of one type.

    Attributes:
        bits: of memory that a dimension takes while it is searched.
        mapping: of the field, beside its width and its graph.
        oversampled: times k are the neighbours that are found in memory first, and then scored by their full
            vectors; None: what is in memory decides.
        least_k: neighbours that are asked for at least. Where the engine has no beam but k, a small window
            would be searched with a narrow one; what is beyond the window is cut off.
        written: bytes of a dimension as OpenSearch is given them, which stay on disk.
        copied: whether what is searched lies beside these on disk.
        simd: whether it is scored by a further library of faiss, without which the node ends; see
            ``cluster.Capabilities.knn_simd``.
    """

    bits: int
    written: int = 4
    copied: bool = True
    simd: bool = False
    mapping: Mapping[str, Any] = field(default_factory=dict)
    oversampled: float | None = None
    least_k: int = 1

    def nearest(
        self,
        field: str,
        vector: Numbers | list[float] | list[int],
        k: int,
        filters: Sequence[Mapping[str, Any]] = (),
    ) -> dict[str, Any]:
        """The ``knn`` clause for a vector's neighbours.

        Args:
            field: that holds vectors.
            vector: [dims], in the numbers that the release keeps.
            k: how many; as many as the layout needs, if that is more.
            filters: clauses that every neighbour matches, see while searching.
        """
        knn: dict[str, Any] = {
            "vector": vector,
            "k": max(k, self.least_k),
            "method_parameters": {"ef_search": beam(k)},
        }
        if self.oversampled is not None:
            knn["rescore"] = {"oversample_factor": self.oversampled}
        if filters:
            knn["filter"] = {"bool": {"filter": list(filters)}}
        return {"knn": {field: knn}}


AS_FLOATS: Final = VectorLayout(bits=32)
"""What is asked of a field that says nothing else."""

# On disk, what is kept in memory is searched first: five times k, whose full vectors are then read from disk.
# OpenSearch's own factor of 3 finds fewer than full vectors do.
_OVERSAMPLED: Final = 5.0
# With that factor, a beam of 320.
_LEAST_K: Final = 64


def _on_disk(compression: str) -> Mapping[str, str]:
    return MappingProxyType({"mode": "on_disk", "compression_level": compression})


LAYOUTS: Final[Mapping[VectorType, Mapping[str, VectorLayout]]] = MappingProxyType(
    {
        VectorType.FP32: {
            "faiss": VectorLayout(bits=32),
            "lucene": VectorLayout(bits=32, copied=False),
        },
        # faiss' scalar quantizer of 16 bits; its own parameter was renamed in OpenSearch 3.6, this was not.
        VectorType.FP16: {"faiss": VectorLayout(bits=16, mapping=_on_disk("2x"))},
        VectorType.BYTE: {
            "faiss": VectorLayout(bits=8, written=1, mapping={"data_type": "byte"}),
            "lucene": VectorLayout(bits=8, written=1, copied=False, mapping={"data_type": "byte"}),
        },
        VectorType.DISK: {
            "faiss": VectorLayout(
                bits=1, simd=True, mapping=_on_disk("32x"), oversampled=_OVERSAMPLED, least_k=_LEAST_K
            ),
            "lucene": VectorLayout(bits=8, mapping=_on_disk("4x"), oversampled=_OVERSAMPLED),
        },
    }
)


def layout(kept_as: VectorType, engine: str) -> VectorLayout:
    """How an engine keeps vectors of a type.

    Raises:
        CapabilityMissing: it does not.
    """
    engines = LAYOUTS[kept_as]
    if engine in engines:
        return engines[engine]
    able = [other.value for other in VectorType if engine in LAYOUTS[other]]
    raise CapabilityMissing(
        f"the k-NN engine {engine} keeps no vectors as {kept_as.value}, only {' or '.join(engines)} does",
        fix=f"keep them as {', '.join(able)}, or use a cluster with k-NN's native libraries (`aisle status`)",
    )


SAMPLE: Final = 2048
"""Items that vectors are chosen by. One in eight is a query: the mean recall of 256 is known to a point or
two."""


@dataclass(frozen=True, slots=True)
class VectorChoice:
    """One way to keep vectors.

    Attributes:
        kept_as: type of their numbers.
        dims: width.
        bytes: of memory that one takes, without its links in the graph.
        recall: mean share of each query's 10 nearest by full float32 vectors that these find, by exact search
            in a sample; 0 to 1.
    """

    kept_as: VectorType
    dims: int
    bytes: int
    recall: float


def check_budget(budget: int | None, dims: int | None) -> None:
    """Nothing if vectors may be chosen so.

    Args:
        budget: bytes of memory that a vector may take, without its links in the graph; None: no limit.
        dims: width that was asked for; None: none was.

    Raises:
        InputError: less than a byte, or a budget and a width.
    """
    if budget is not None and budget < 1:
        raise InputError(f"a vector cannot take {budget} bytes", fix="give 32 or more with --bytes")
    if budget is not None and dims is not None:
        raise InputError("a width and a budget of bytes cannot both be held", fix="give --dims or --bytes")


_LARGEST: Final = 127
# Below 126.5, so that no value that was fitted to becomes 127: that is the mark of what was clipped.
_FITTED: Final = 126.49
# A scale that made codes of less would be no float32.
_NOTHING: Final = 1e-30
# Of what is fitted to float32 values of `_NOTHING` or more. Squares of others would be 0 or infinite.
_LEAST_SCALE: Final = 1e-37
_MOST_SCALE: Final = 1e33


@dataclass(frozen=True, slots=True)
class Quantisation:
    """float32 to signed bytes: ``round(scale * x)``, one scale for every dimension, 0 stays 0.

    As the scale is one factor, products of codes are products of vectors times its square, but for the
    rounding. A value beyond those that it was fitted to is clipped, and alone has the code 127 or -127.

    Attributes:
        scale: codes per unit, above 0.

    Raises:
        InputError: no float32 values have such a scale.
    """

    scale: float

    def __post_init__(self) -> None:
        if not _LEAST_SCALE <= self.scale <= _MOST_SCALE:
            raise InputError(f"{self.scale} is no scale of vectors", fix="index the catalogue again")

    @classmethod
    def fitted(cls, vectors: Floats) -> Self:
        """The finest scale at which none of these values is clipped.

        Args:
            vectors: float32 [n, dims], a sample. Where all are as good as 0, any scale does.

        Raises:
            InputError: see `codes`.
        """
        _check_finite(vectors)
        largest = float(np.abs(vectors).max(initial=0.0))
        if largest < _NOTHING:
            largest = 1.0
        # Three digits: another machine, whose floats differ in the last place, comes to the same scale.
        return cls(float(f"{_FITTED / largest * _ROUNDED_DOWN:.3g}"))

    def codes(self, vectors: Floats) -> NDArray[np.int8]:
        """Codes of float32 values of any shape, from -127 to 127.

        Raises:
            InputError: NaN or infinite values, which as codes would be ordinary numbers.
        """
        _check_finite(vectors)
        rounded = np.rint(vectors * np.float32(self.scale))
        codes: NDArray[np.int8] = np.clip(rounded, -_LARGEST, _LARGEST).astype(np.int8)
        return codes

    def product(self, of_codes: float) -> float:
        """The inner product of two vectors, from that of their codes."""
        return of_codes / self.scale**2


def _check_finite(vectors: Floats) -> None:
    if not np.isfinite(vectors).all():
        raise InputError(
            "the encoder makes vectors that are not finite numbers",
            fix="check its artifact (`aisle encoder show`), or export it again",
        )


# Half a unit of the third digit, so that rounding never makes the scale larger than what was fitted.
_ROUNDED_DOWN: Final = 0.995


def clipped(numbers: Numbers) -> int:
    """How many values are outside of what their quantisation was fitted to; of floats none is."""
    if numbers.dtype != np.int8:
        return 0
    return int(np.count_nonzero(np.abs(numbers) == _LARGEST))


FITTED_TO: Final = 512
"""Vectors that a quantisation is fitted to. The largest of their values is 8 to 17 % below that of 4,000
titles of homedepot, and what is clipped for it costs no recall."""


@dataclass(frozen=True, slots=True)
class VectorStorage:
    """How a release keeps its dense vectors.

    Attributes:
        kept_as: the type of their numbers.
        quantisation: of bytes; None for the other types, which OpenSearch makes of floats itself.

    Raises:
        InputError: bytes without a quantisation, or another type with one.
    """

    kept_as: VectorType = VectorType.FP32
    quantisation: Quantisation | None = None

    def __post_init__(self) -> None:
        if (self.quantisation is None) is (self.kept_as is VectorType.BYTE):
            raise InputError(
                "vectors need a scale to be kept as bytes, and as no other type",
                fix="make the storage with VectorStorage.fitted",
            )

    @classmethod
    def fitted(cls, kept_as: VectorType, vectors: Floats) -> Self:
        """The storage of vectors such as these.

        Args:
            kept_as: type of their numbers.
            vectors: float32 [n, dims], of which the first ``FITTED_TO`` count.
        """
        return cls(kept_as, Quantisation.fitted(vectors[:FITTED_TO]) if kept_as is VectorType.BYTE else None)

    def numbers(self, vectors: Floats) -> Numbers:
        """What OpenSearch is given for float32 vectors, of items as of queries."""
        return self.quantisation.codes(vectors) if self.quantisation else vectors

    def score(self, score: float) -> float:
        """A k-NN score as float32 vectors would have it, whatever the release keeps."""
        if self.quantisation is None:
            return score
        return knn_score(self.quantisation.product(inner_product(score)))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON for the mapping."""
        scale = {"scale": self.quantisation.scale} if self.quantisation else {}
        return {"kept_as": self.kept_as.value, **scale}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Self:
        """Read it back.

        Raises:
            KeyError, TypeError, ValueError, InputError: it was not written by ``to_json``.
        """
        scale = found.get("scale")
        return cls(VectorType(found["kept_as"]), None if scale is None else Quantisation(float(scale)))


AS_FP32: Final = VectorStorage()


def inner_product(score: float) -> float:
    """The inner product, of unit vectors the cosine, that OpenSearch made a k-NN score of.

    It gives 1 + x for an x of 0 or more, and 1 / (1 - x) below, so that no score is negative.
    """
    return score - 1.0 if score >= 1.0 else 1.0 - 1.0 / score


def knn_score(product: float) -> float:
    """What OpenSearch makes of an inner product; the inverse of `inner_product`."""
    return 1.0 + product if product >= 0.0 else 1.0 / (1.0 - product)

"""What an index says of itself under ``_meta.aisle`` (contract 3 of the design)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from dataclasses import fields as fields_of
from types import MappingProxyType
from typing import Any, Final, Self, TypeAlias

from aisle.errors import AisleError, CapabilityMissing, ForeignIndex, InputError
from aisle.mappings import fields
from aisle.mappings.fusion import FusionSpec
from aisle.mappings.ordering import AS_FUSED, Ordering
from aisle.mappings.signals import SignalBoosts
from aisle.mappings.vector_types import AS_FP32, VectorLayout, VectorStorage, layout

# Changes whenever a client of another version would misread the documents.
SCHEMA_VERSION: Final = 3
# Releases of these can be searched and gone back to; only those of `SCHEMA_VERSION` are written to.
READABLE_VERSIONS: Final = (1, 2, SCHEMA_VERSION)

_RELEASE: Final = re.compile(r"(?P<name>.+)-v\d{4,}")


def catalogue_of(release: str) -> str:
    """The catalogue that a release is of: ``shop`` of ``shop-v0007``."""
    match = _RELEASE.fullmatch(release)
    return match["name"] if match else release


@dataclass(frozen=True, slots=True)
class VectorSpace:
    """The model and width behind one vector field; two spaces must never meet.

    Attributes:
        fingerprint: the artifact's sha256, 64 hex digits.
        name: the artifact's name, for people.
        dims: width that the vectors were cut to.
    """

    fingerprint: str
    name: str
    dims: int


@dataclass(frozen=True, slots=True)
class RecommendationSpace:
    """The artifacts that a release recommends by, and the shape of what they make of its items.

    Each fingerprint is an artifact's sha256, 64 hex digits, or empty where there is none.

    Attributes:
        recommender: fingerprint of the recommender.
        name: of the recommender, for people.
        encoder: fingerprint of the dense encoder that reads items' texts.
        codes: fingerprint of the codes that semantic IDs are of.
        router: fingerprint of the router.
        dims: width of the item vectors; 0: items have none.
        text_dims: of these, how many are the text part, which comes last.
        levels: codes of a semantic ID; 0: items have none.
    """

    recommender: str
    name: str
    encoder: str = ""
    codes: str = ""
    router: str = ""
    dims: int = 0
    text_dims: int = 0
    levels: int = 0

    @property
    def title(self) -> str:
        """What it is called to people."""
        return f"recommender {self.name}"

    @property
    def trained_by(self) -> str:
        """The command that makes such artifacts."""
        return "aisle train recommender"

    @property
    def vectors(self) -> Mapping[str, VectorSpace]:
        """The vector field that it fills; none if items have no vectors."""
        if not self.dims:
            return {}
        return {fields.ITEM_VECTOR: VectorSpace(self.recommender, self.name, self.dims)}


@dataclass(frozen=True, slots=True)
class ItemToItemSpace:
    """The item-to-item model of a release, and the shape of what it makes of its items.

    Attributes:
        model: the artifact's sha256, 64 hex digits.
        name: the artifact's name, for people.
        dims: width of the vectors of each head.
        encoder: fingerprint of the dense encoder that reads items' texts; empty: none does.
    """

    model: str
    name: str
    dims: int
    encoder: str = ""

    @property
    def title(self) -> str:
        """What it is called to people."""
        return f"item-to-item model {self.name}"

    @property
    def trained_by(self) -> str:
        """The command that makes such artifacts."""
        return "aisle train item-to-item"

    @property
    def vectors(self) -> Mapping[str, VectorSpace]:
        """The vector fields that it fills, one for each head."""
        return dict.fromkeys(fields.HEADS, VectorSpace(self.model, self.name, self.dims))


ItemSpace: TypeAlias = RecommendationSpace | ItemToItemSpace


@dataclass(frozen=True, slots=True)
class ItemSpaces:
    """Every artifact that fills fields of items beside those of searches.

    Attributes:
        recommends: what items are recommended by; None: they cannot be.
        relates: what they are related to one another by; None: they cannot be.
    """

    recommends: RecommendationSpace | None = None
    relates: ItemToItemSpace | None = None

    @classmethod
    def of(cls, found: Iterable[ItemSpace]) -> Self:
        """Those of the artifacts that there are, at most one of a kind."""
        spaces = tuple(found)
        return cls(
            next((space for space in spaces if isinstance(space, RecommendationSpace)), None),
            next((space for space in spaces if isinstance(space, ItemToItemSpace)), None),
        )

    @property
    def present(self) -> tuple[ItemSpace, ...]:
        """Those that there are."""
        return tuple(space for space in (self.recommends, self.relates) if space is not None)

    @property
    def vectors(self) -> Mapping[str, VectorSpace]:
        """The vector fields that they fill."""
        return {field: found for space in self.present for field, found in space.vectors.items()}

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; None for what there is not."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Self:
        """Read it back.

        Raises:
            TypeError: it is no JSON of spaces.
        """
        recommends, relates = found.get("recommends"), found.get("relates")
        return cls(
            RecommendationSpace(**recommends) if recommends is not None else None,
            ItemToItemSpace(**relates) if relates is not None else None,
        )


_NO_SIGNALS: Mapping[str, Sequence[float]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Features:
    """What a release can be asked beyond what every release can.

    A client refuses what a release lacks, see ``IndexMeta.require``; the defaults are what releases of older
    schema versions have.

    Attributes:
        languages: that its texts are analysed in, keys of ``languages.LANGUAGES``, the main one first.
        sorts_titles: whether results can be sorted by title.
        suggest: whether it has suggestions, see ``mappings.suggestions``.
        signals: field to its values at 0, 5, ... 100 %, of the business signals that some item has.
        counts_names: whether it knows which items have which attribute.
        locates: whether it knows where items are.
        hashes_groups: whether products can be counted by a number instead of their names, which is faster.
        hashes_texts: whether it knows which items have the same text for the encoder.
    """

    languages: tuple[str, ...] = ("en",)
    sorts_titles: bool = False
    suggest: bool = False
    signals: Mapping[str, Sequence[float]] = field(default_factory=lambda: _NO_SIGNALS)
    counts_names: bool = False
    locates: bool = False
    hashes_groups: bool = False
    hashes_texts: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain JSON for the mapping."""
        return {**asdict(replace(self, signals={})), "signals": dict(self.signals)}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Features:
        """Read it back; features that this Aisle does not know are none of its business.

        Raises:
            TypeError, AttributeError: it is no JSON object.
        """
        known = {field.name for field in fields_of(cls)}
        # JSON knows no tuples.
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in found.items()
            if name in known
        }
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a release comes from.

    Attributes:
        data: sha256, 64 hex digits, of the catalogue's content and of how it was read; empty for what has no
            fixed content, such as a stream.
        commit: of Aisle's code, 40 hex digits; empty where Aisle was installed from a package.
        aisle: version of Aisle that made it.
        parent: release that was live when it was made; empty for the first.
    """

    data: str = ""
    commit: str = ""
    aisle: str = ""
    parent: str = ""


@dataclass(frozen=True, slots=True)
class IndexMeta:
    """Contents of ``_meta.aisle``.

    Attributes:
        release: the index's own name, such as ``shop-v0001``.
        spaces: vector field to the space it holds.
        engine: k-NN engine of the vector fields.
        pipelines: names of the search pipelines that were installed with the index.
        schema_version: how its documents are made.
        fusion: what a search uses that names neither legs nor fusion; None: ``mappings.default_fusion``.
        features: what it can be asked.
        boosts: business signals that count in searches that name neither legs, fusion nor boosts.
        vectors: how the dense vectors are kept.
        item_spaces: the artifacts that it recommends items and relates them by.
        lineage: where it comes from; None: an older Aisle made it, which did not say.
        ordering: the models that order what it finds.
    """

    release: str
    spaces: Mapping[str, VectorSpace]
    engine: str
    pipelines: tuple[str, ...]
    schema_version: int = SCHEMA_VERSION
    fusion: FusionSpec | None = None
    features: Features = Features()
    boosts: SignalBoosts | None = None
    vectors: VectorStorage = AS_FP32
    item_spaces: ItemSpaces = ItemSpaces()
    lineage: Lineage | None = None
    ordering: Ordering = AS_FUSED

    @property
    def layout(self) -> VectorLayout:
        """How its engine keeps the dense vectors, and is asked for them."""
        return layout(self.vectors.kept_as, self.engine)

    @property
    def searches_vectors(self) -> bool:
        """Whether its k-NN engine is needed."""
        return not fields.KNN_VECTORS.isdisjoint(self.spaces)

    @property
    def outdated(self) -> bool:
        """Whether an older Aisle made it: its documents lack fields that those of today have."""
        return self.schema_version < SCHEMA_VERSION

    def recommending(self) -> RecommendationSpace:
        """The artifacts that it recommends by.

        Raises:
            ForeignIndex: it was made without a recommender.
        """
        if self.item_spaces.recommends is None:
            raise ForeignIndex(
                f"{self.release} cannot recommend: it was indexed without a recommender",
                fix="index the catalogue again with one: aisle index ... --recommender NAME",
            )
        return self.item_spaces.recommends

    def relating(self) -> ItemToItemSpace:
        """The model that it relates items to one another by.

        Raises:
            ForeignIndex: it was made without one.
        """
        if self.item_spaces.relates is None:
            raise ForeignIndex(
                f"{self.release} relates no items: it was indexed without an item-to-item model",
                fix="index the catalogue again with one: aisle index ... --item-to-item NAME",
            )
        return self.item_spaces.relates

    def require(
        self, there: bool, what: str, fix: str = "index the catalogue again, with `aisle index`"
    ) -> None:
        """Refuse what the release lacks: it would silently match nothing.

        Args:
            there: whether it has it.
            what: it cannot do, such as "be grouped by product".
            fix: what makes a release that can.

        Raises:
            ForeignIndex: it has not.
        """
        if not there:
            why = ": an older Aisle made it" if self.outdated else ""
            raise ForeignIndex(f"{self.release} cannot {what}{why}", fix=fix)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON for the mapping."""
        return {
            "schema_version": self.schema_version,
            "release": self.release,
            "engine": self.engine,
            "spaces": {field: asdict(space) for field, space in self.spaces.items()},
            "pipelines": list(self.pipelines),
            "features": self.features.to_json(),
            "vectors": self.vectors.to_json(),
            **({"fusion": self.fusion.to_json()} if self.fusion else {}),
            **({"boosts": self.boosts.to_json()} if self.boosts else {}),
            **{name: space for name, space in self.item_spaces.to_json().items() if space is not None},
            **({"lineage": asdict(self.lineage)} if self.lineage else {}),
            **({"ordering": self.ordering.to_json()} if self.ordering != AS_FUSED else {}),
        }

    @classmethod
    def from_mapping(cls, index: str, mapping: Mapping[str, Any]) -> IndexMeta:
        """Read it back from an index's mapping.

        Args:
            index: concrete name, for the error.
            mapping: the value of ``mappings`` in ``GET <index>/_mapping``.

        Raises:
            ForeignIndex: if Aisle did not make the index, or an incompatible version did.
        """
        found = mapping.get("_meta", {}).get("aisle")
        if not isinstance(found, Mapping):
            raise ForeignIndex(
                f"index {index} was not made by Aisle",
                fix="index the catalogue with `aisle index` under a new name",
            )
        version = found.get("schema_version")
        if version not in READABLE_VERSIONS:
            readable = f"{', '.join(map(str, READABLE_VERSIONS[:-1]))} and {READABLE_VERSIONS[-1]}"
            raise ForeignIndex(
                f"index {index} has schema version {version}, this Aisle reads {readable}",
                fix="index the catalogue again, or use the Aisle that made it",
            )
        try:
            made = cls(
                release=str(found["release"]),
                spaces={str(k): VectorSpace(**v) for k, v in found["spaces"].items()},
                engine=str(found["engine"]),
                pipelines=tuple(found["pipelines"]),
                schema_version=version,
                fusion=FusionSpec.from_json(found["fusion"]) if found.get("fusion") is not None else None,
                features=Features.from_json(found.get("features", {})),
                boosts=SignalBoosts.from_json(found["boosts"]) if found.get("boosts") is not None else None,
                # Those that do not say were made before there was a choice.
                vectors=VectorStorage.from_json(found["vectors"]) if "vectors" in found else AS_FP32,
                item_spaces=ItemSpaces.from_json(found),
                lineage=Lineage(**found["lineage"]) if found.get("lineage") is not None else None,
                ordering=Ordering.from_json(found["ordering"]) if "ordering" in found else AS_FUSED,
            )
            layout(made.vectors.kept_as, made.engine)
        except (KeyError, TypeError, ValueError, AttributeError, InputError, CapabilityMissing) as error:
            # Without its fix: this one has its own.
            why = error.message if isinstance(error, AisleError) else error
            raise ForeignIndex(
                f"index {index} has an unreadable _meta.aisle ({why})", fix="index the catalogue again"
            ) from error
        return made

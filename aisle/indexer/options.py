"""What one asks of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from aisle.catalogue.rejects import RejectedRow
from aisle.catalogue.report import ReadingReport, RowCounts
from aisle.cluster import Capabilities, Cluster, capabilities, require
from aisle.cluster.failures import RetryPolicy
from aisle.errors import CapabilityMissing, InputError
from aisle.indexer.pipeline import PipelineOptions
from aisle.indexer.progress import Progress
from aisle.indexer.releases.names import check_name
from aisle.indexer.suggestions.report import SuggestionReport
from aisle.indexer.vectors import ItemEncoder
from aisle.mappings import FusionSpec, IndexSettings, ItemSpaces, Synonyms, fields, standard_fusions
from aisle.mappings.compounds import CompoundDictionary
from aisle.mappings.languages import ENGLISH
from aisle.mappings.meta import Lineage
from aisle.mappings.vector_types import AS_FP32, VectorChoice, VectorStorage, VectorType, layout


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """The release that a run makes, and how it is loaded.

    Attributes:
        name: of the catalogue; searched as the alias ``name``.
        shards, replicas: of the finished release.
        force_merge: one segment per shard before going live: slower to make, faster to search.
        keep: older releases that stay for a way back.
        stage: finish the release without making it live.
        max_refused_share: of the documents read, how many OpenSearch may refuse (0 to 1) before the release
            is given up: one odd document must not stop a night's run, a wrong mapping must not empty the
                shop.
        fusions: search pipelines to install.
        synonyms: what queries of this release are widened by.
        languages: of the texts, keys of ``languages.LANGUAGES``, the main one first.
        dictionaries: language to the dictionary that its compounds are taken apart by.
        vectors: how the dense vectors are kept; of bytes, with their quantisation.
        lineage: where the release comes from; None: it does not say.
        pipeline, retry: how to load.

    Raises:
        InputError: a name that OpenSearch does not take, or a number that means nothing.
    """

    name: str
    shards: int = 1
    replicas: int = 0
    force_merge: bool = False
    keep: int = 1
    stage: bool = False
    max_refused_share: float = 0.01
    fusions: tuple[FusionSpec, ...] = field(default_factory=standard_fusions)
    synonyms: Synonyms = field(default_factory=Synonyms)
    languages: tuple[str, ...] = (ENGLISH.code,)
    dictionaries: Mapping[str, CompoundDictionary] = field(default_factory=dict)
    vectors: VectorStorage = AS_FP32
    lineage: Lineage | None = None
    pipeline: PipelineOptions = field(default_factory=PipelineOptions)
    retry: RetryPolicy = field(default_factory=RetryPolicy)

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.shards < 1 or self.replicas < 0 or self.keep < 0 or not 0 <= self.max_refused_share <= 1:
            raise InputError(
                f"{self.shards} shards, {self.replicas} replicas, {self.keep} kept releases and a share of"
                f" {self.max_refused_share} refused documents cannot be",
                fix="give at least 1 shard, no negative number, and a share from 0 to 1",
            )


@dataclass(frozen=True, slots=True)
class KeptVectors:
    """The dense vectors of a release.

    Attributes:
        kept_as: type of their numbers.
        dims: width.
        scale: of bytes, codes per unit; None for other types.
        clipped: values that this run clipped, as the scale was fitted to smaller ones; of bytes alone.
        choices: what was chosen from to keep within a budget, the best first; empty without one.
    """

    kept_as: VectorType
    dims: int
    scale: float | None = None
    clipped: int = 0
    choices: tuple[VectorChoice, ...] = ()

    @classmethod
    def of(cls, storage: VectorStorage, encoder: ItemEncoder, clipped: int = 0) -> Self | None:
        """Those of an encoder, as a release keeps them; None if it makes none."""
        space = encoder.spaces.get(fields.DENSE)
        if space is None:
            return None
        scale = storage.quantisation.scale if storage.quantisation else None
        return cls(storage.kept_as, space.dims, scale, clipped)


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What a run has made.

    Attributes:
        name, release: the alias and the index that it points to now.
        replaced: the release that was live before, empty for the first.
        deleted: older releases that were removed.
        documents: in the release, counted there.
        refused: documents that OpenSearch or JSON refused; each went to ``refuse``.
        seconds, docs_per_s: from the first check to the swapped alias, without the resumed documents.
        load_s: of these, until the last document was acknowledged.
        stage_s: seconds each stage was busy, summed over its threads (see `Progress.busy_s`).
        retries: bulk requests that were repeated.
        vectors: the dense ones, and as what they are kept; None without.
        item_spaces: the artifacts that it recommends items and relates them by.
        resumed: of the documents, how many an earlier, interrupted run has written.
        languages: that the texts are searched in, and how that is known; empty if nobody read a catalogue.
        reading: what was read as what, and rows: where every row went; None if nobody read a catalogue.
        suggestions: what can be suggested; None if nothing can, or an interrupted run had made them already.
        lost_coverage: fields that far fewer items have than in the release that was live, a line each.
        dead_letters: reason to number of rows and documents that are not in the release.
        examples: reason to one of these rows.
        dead_letters_file: where they are; None if there are none, or nobody kept them.
        staged: whether it waits to be promoted, and what was live still is.
    """

    name: str
    release: str
    replaced: str
    deleted: tuple[str, ...]
    documents: int
    refused: int
    seconds: float
    docs_per_s: float
    load_s: float
    stage_s: dict[str, float]
    retries: int
    resumed: int = 0
    vectors: KeptVectors | None = None
    item_spaces: ItemSpaces = field(default_factory=ItemSpaces)
    languages: str = ""
    reading: ReadingReport | None = None
    rows: RowCounts | None = None
    suggestions: SuggestionReport | None = None
    lost_coverage: tuple[str, ...] = ()
    dead_letters: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, RejectedRow] = field(default_factory=dict)
    dead_letters_file: Path | None = None
    staged: bool = False

    @classmethod
    def of(
        cls,
        name: str,
        release: str,
        loaded: Progress,
        *,
        replaced: tuple[str, ...],
        deleted: tuple[str, ...],
        seconds: float,
        item_spaces: ItemSpaces,
        suggestions: SuggestionReport | None = None,
        vectors: KeptVectors | None = None,
        staged: bool = False,
    ) -> Self:
        """A run that loaded this much and took so long."""
        return cls(
            name=name,
            release=release,
            replaced=", ".join(replaced),
            deleted=deleted,
            documents=loaded.accepted,
            refused=loaded.refused,
            resumed=loaded.resumed,
            seconds=seconds,
            docs_per_s=(loaded.accepted - loaded.resumed) / seconds,
            load_s=loaded.seconds,
            stage_s=loaded.busy_s,
            retries=loaded.retries,
            vectors=vectors,
            item_spaces=item_spaces,
            suggestions=suggestions,
            staged=staged,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, for ``--json`` and result files; without the path, which is this machine's."""
        content = asdict(replace(self, reading=None, rows=None))
        del content["dead_letters_file"]
        content |= content.pop("item_spaces")
        content["reading"] = self.reading.to_json() if self.reading else None
        content["rows"] = self.rows.to_json() if self.rows else None
        return content


def vector_engine(cluster: Cluster, kept_as: VectorType) -> str:
    """The best k-NN engine of the cluster, if it keeps vectors of that type.

    Raises:
        CapabilityMissing: see `require` and `engine_keeping`.
    """
    return engine_keeping(kept_as, require(capabilities(cluster)))


def engine_keeping(kept_as: VectorType, found: Capabilities) -> str:
    """The best k-NN engine of a cluster, if it keeps vectors of that type. Pure.

    Raises:
        CapabilityMissing: it does not, or some node could not score them.
    """
    engine = found.best_engine
    if layout(kept_as, engine).simd and not found.knn_simd:
        raise CapabilityMissing(
            f"vectors kept as {kept_as.value} need libopensearchknn_simd beside k-NN's other libraries, and"
            " some node lacks it: the first search would end the node",
            fix="start every node with all of k-NN's native libraries (AISLE_KNN_LIB), or keep vectors as"
            " fp16 or byte",
        )
    return engine


def index_settings(cluster: Cluster, encoder: ItemEncoder, options: IndexOptions) -> IndexSettings:
    """With the best k-NN engine that the cluster has, and the width of the encoder's vectors.

    Raises:
        CapabilityMissing: the cluster cannot hold it, or keeps no vectors of that type.
    """
    settings = IndexSettings(
        engine=vector_engine(cluster, options.vectors.kept_as),
        shards=options.shards,
        replicas=options.replicas,
        synonyms=options.synonyms,
        languages=options.languages,
        dictionaries=options.dictionaries,
        vectors=options.vectors,
    )
    if space := encoder.spaces.get(fields.DENSE):
        settings = replace(settings, dims=space.dims)
    return replace(settings, item_spaces=encoder.item_spaces)

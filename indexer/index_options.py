"""What one asks of a run."""

from __future__ import annotations

from dataclasses import dataclass, field

from indexer.release_names import check_name
from indexer.retries import RetryPolicy
from indexer.stages import PipelineOptions
from mappings import FusionSpec, Synonyms, standard_fusions
from records import InputError


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """Attributes:
    name: of the catalogue; searched as the alias ``name``.
    shards, replicas: of the finished release.
    force_merge: one segment per shard before going live: slower to make, faster to search.
    keep: older releases that stay for a way back.
    max_refused_share: of the documents read, how many OpenSearch may refuse (0 to 1) before the release is
        given up: one odd document must not stop a night's run, a wrong mapping must not empty the shop.
    fusions: search pipelines to install.
    fusion: what searches of this release use that name none; None: the default.
    synonyms: what queries of this release are widened by.
    pipeline, retry: how to load.

    Raises:
        InputError: a name that OpenSearch does not take, or a number that means nothing.
    """

    name: str
    shards: int = 1
    replicas: int = 0
    force_merge: bool = False
    keep: int = 1
    max_refused_share: float = 0.01
    fusions: tuple[FusionSpec, ...] = field(default_factory=standard_fusions)
    fusion: FusionSpec | None = None
    synonyms: Synonyms = field(default_factory=Synonyms)
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

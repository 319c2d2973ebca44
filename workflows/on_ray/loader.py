"""The load of a release as ``indexer`` asks for it, done on Ray."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from cluster import ClusterSettings
from indexer.index_options import IndexOptions
from indexer.positions import NOTHING, Before
from indexer.stages import Refuse, Settle
from indexer.tally import Progress
from records import Item
from workflows.on_ray.encoder_source import EncoderSource
from workflows.on_ray.errand import Errand
from workflows.on_ray.load import load_on_ray
from workflows.on_ray.options import RayOptions


@dataclass(frozen=True, slots=True)
class LoadOnRay:
    """For ``index_catalogue(load=...)``: everything else of a run stays with the machine that started it.

    Attributes:
        ray: the connected module.
        settings: of the cluster, as the workers reach it.
        encoder: for the workers; the same vectors as the encoder of the run.
        machines: how many workers.
    """

    ray: Any
    settings: ClusterSettings
    encoder: EncoderSource
    machines: RayOptions

    def __call__(
        self,
        target: str,
        items: Iterable[Item],
        options: IndexOptions,
        *,
        refuse: Refuse,
        progress: Callable[[Progress], None],
        before: Before = NOTHING,
        settle: Settle,
    ) -> Progress:
        """Bring every item into the index behind the alias ``target``; see `load_on_ray`."""
        errand = Errand(
            target, self.settings, self.encoder, options.pipeline, options.retry, cpus=self.machines.cpus
        )
        return load_on_ray(
            self.ray,
            items,
            errand,
            self.machines,
            refuse=refuse,
            progress=progress,
            before=before,
            settle=settle,
        )

"""What every worker is sent to do."""

from __future__ import annotations

from dataclasses import dataclass

from cluster import ClusterSettings
from indexer.retries import RetryPolicy
from indexer.stages import PipelineOptions
from workflows.on_ray.encoder_source import EncoderSource


@dataclass(frozen=True, slots=True)
class Errand:
    """Attributes:
    target: alias to write through.
    settings: of the cluster, password included; therefore an errand is fetched from the `Desk`, and never
        stands in the environment, the arguments or the description of anything that Ray shows.
    encoder: opened once per worker.
    limits: of bodies and requests.
    policy: of retries.
    cpus: cores of a worker.
    """

    target: str
    settings: ClusterSettings
    encoder: EncoderSource
    limits: PipelineOptions
    policy: RetryPolicy
    cpus: int

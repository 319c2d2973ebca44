"""What came of an experiment on shoppers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from opensearchpy import OpenSearch

from aisle._watch_figures import ubi_sources
from aisle.cluster.client import connected
from aisle.errors import EvaluationError, IndexNotFound, InputError
from aisle.evaluation.clicks.log import CLICKS
from aisle.evaluation.experiments.design import Experiment, Kind, alike, read_experiment
from aisle.evaluation.experiments.outcome import EXPERIMENT, Outcome, OutcomeReader
from aisle.indexer.releases.names import check_name
from aisle.mappings.ubi import EVENTS, QUERIES
from aisle.search import read_live
from aisle.search.systems import check_systems

__all__ = [
    "USUAL_DEPTH",
    "Experiment",
    "Kind",
    "Outcome",
    "check_experiment",
    "read_experiment",
    "report_experiment",
]

USUAL_DEPTH = 10


def check_experiment(
    experiment: Experiment, *, offline: bool = False, cluster: OpenSearch | None = None
) -> None:
    """Refuse an experiment whose catalogue, releases or systems are not there, or in which nobody takes part.

    Args:
        experiment: what is to be compared.
        offline: look at what it says alone; no cluster is asked what there is.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.

    Raises:
        InputError: there is no such release or system, no catalogue could have that name, or see
            `Experiment.check_to_serve`.
        IndexNotFound, ForeignIndex: there is no such catalogue, or what is named is none of Aisle.
        ClusterError: the cluster does not answer.
    """
    check_name(experiment.catalogue)
    experiment.check_to_serve()
    arms = (experiment.control, *experiment.arms)
    for arm in arms:
        if arm.system:
            check_systems(arm.system)
    if offline:
        return
    client = connected(cluster)
    live = read_live(client, experiment.catalogue).meta.release
    for arm in arms:
        try:
            read_live(client, arm.release or experiment.catalogue)
        except IndexNotFound:
            raise InputError(
                f"{arm.name} is to be {arm.release}, which is not there",
                fix=f"see which there are: aisle releases list {experiment.catalogue}",
            ) from None
    if alike(experiment, live):
        raise InputError(
            f"two arms of {experiment.name} are {live}, which is live",
            fix="name another release, or the one before it for the control: [control] release = ...",
        )


def report_experiment(
    experiment: Experiment | str | Path, *, depth: int = USUAL_DEPTH, cluster: OpenSearch | None = None
) -> Outcome:
    """What came of an experiment: of each arm searches, clicks and CTR@k, or whose items were clicked.

    Example:
        >>> aisle.report_experiment("experiment.toml").wins.share
        0.58

    Args:
        experiment: as the service was given it, or its file.
        depth: k of CTR@k.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.

    Raises:
        InputError: the file cannot be used, or it is of a shadow, whose figures the service has.
        EvaluationError: no search took part yet.
        ClusterError: the cluster does not answer.
    """
    if depth < 1:
        raise InputError(f"a depth of {depth} has no clicks", fix="use 1 or more")
    found = experiment if isinstance(experiment, Experiment) else read_experiment(Path(experiment))
    if found.kind is Kind.SHADOW:
        raise InputError(
            f"{found.name} is a shadow: shoppers never see it",
            fix=f"ask the service: GET /v1/catalogues/{found.catalogue}/experiment",
        )
    client = connected(cluster)
    mine: list[dict[str, Any]] = [{"term": {"application": found.catalogue}}]
    asked = {"bool": {"filter": [*mine, {"term": {f"query_attributes.{EXPERIMENT}": found.name}}]}}
    reader = OutcomeReader(found)
    for source in ubi_sources(
        client,
        QUERIES,
        asked,
        "query_id,client_id,session_id,query_attributes,query_response_hit_ids",
    ):
        reader.query(source)
    clicks = {"bool": {"filter": [*mine, {"terms": {"action_name": sorted(CLICKS)}}]}}
    for source in ubi_sources(client, EVENTS, clicks, "query_id,action_name,event_attributes"):
        reader.event(source)
    outcome = reader.done(depth)
    if not outcome.searches:
        raise EvaluationError(
            f"no search took part in {found.name} yet"
            + (f" ({outcome.nameless:,} were of nobody known)" if outcome.nameless else ""),
            fix="serve it with --experiment and --events; searches need an X-Client-Id or X-Session-Id",
        )
    return outcome

"""The experiments of a service, by the catalogue that each is on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aisle.errors import InputError
from aisle.evaluation.experiments.design import Experiment, Kind
from aisle.search.systems import check_systems
from aisle.service.admission import Admission
from aisle.service.catalogues import Catalogues
from aisle.service.experiments.arms import Arms
from aisle.service.experiments.shadow import Shadow


@dataclass(frozen=True, slots=True)
class RunningExperiment:
    """Attributes:
    arms: open.
    shadow: that asks its arm beside; None for other kinds.
    """

    arms: Arms
    shadow: Shadow | None

    @property
    def experiment(self) -> Experiment:
        """What is compared."""
        return self.arms.experiment

    def to_json(self) -> dict[str, Any]:
        """Plain JSON: the experiment, and what its shadow found since the service began."""
        return {
            "experiment": self.experiment.to_json(),
            "shadow": self.shadow.totals() if self.shadow else None,
        }


def running(
    experiments: Sequence[Experiment], releases: Catalogues, admission: Admission
) -> Mapping[str, RunningExperiment]:
    """Catalogue to its experiment.

    Args:
        experiments: at most one a catalogue, see `check_experiments`.
        releases: that their arms name.
        admission: of the service.
    """
    found = {}
    for experiment in experiments:
        arms = Arms(experiment, releases)
        shadow = Shadow(arms, admission) if experiment.kind is Kind.SHADOW else None
        found[experiment.catalogue] = RunningExperiment(arms, shadow)
    return found


def check_experiments(experiments: Sequence[Experiment], names: Sequence[str], *, events: bool) -> None:
    """Refuse experiments that a service cannot run.

    Args:
        experiments: all of them.
        names: of the catalogues that are served.
        events: whether answers and clicks are recorded.

    Raises:
        InputError: another catalogue, two on one, a name twice, or nothing that could tell what came of it;
            or see `Experiment.check_to_serve`.
    """
    for place, experiment in enumerate(experiments):
        experiment.check_to_serve()
        for arm in (experiment.control, *experiment.arms):
            if arm.system:
                check_systems(arm.system)
        if experiment.catalogue not in names:
            raise InputError(
                f"{experiment.name} is on {experiment.catalogue!r}, which is not served",
                fix=f"serve it too: --name {experiment.catalogue}",
            )
        for other in experiments[:place]:
            if other.catalogue == experiment.catalogue or other.name == experiment.name:
                raise InputError(
                    f"{other.name} and {experiment.name} are on one catalogue or have one name",
                    fix="run one after the other",
                )
        if experiment.kind is not Kind.SHADOW and not events:
            raise InputError(
                f"nothing would tell what came of {experiment.name}", fix="record events: add --events"
            )


def released(experiments: Sequence[Experiment]) -> tuple[str, ...]:
    """The releases that arms name, each once."""
    arms = [arm for one in experiments for arm in (one.control, *one.arms)]
    return tuple(dict.fromkeys(arm.release for arm in arms if arm.release))

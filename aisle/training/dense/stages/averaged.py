"""Several runs of a stage from the same weights, and the mean of what came out: a model soup."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from aisle._files import whole_file
from aisle.errors import InputError
from aisle.training.dense.stage import Context, StageOutcome
from aisle.training.dense.stages.contrastive import InBatchStage

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class AveragedStage:
    """Uniform soup (Wortsman et al. 2022, arXiv 2203.05482, section 2; with the start: 2109.01903).

    Runs differ in their length and in what they draw: pseudo-queries, batches, their order. A long run learns
    the narrow widths, a short one keeps more of what the model knew; the mean of the weights is better than
    either, and costs nothing when it serves. After an interruption, a finished run is not trained again.

    Attributes:
        runs: what is trained.
        with_start: whether the weights that the runs began with count as one more. With few pairs they keep
            what the pairs do not tell.

    Raises:
        InputError: fewer than 2 are averaged.
    """

    runs: tuple[InBatchStage, ...]
    with_start: bool = False
    name: ClassVar[str] = "averaged-in-batch"

    def __post_init__(self) -> None:
        if len(self.runs) + self.with_start < 2:
            raise InputError(
                f"{len(self.runs)} runs cannot be averaged", fix="give 2 or more, or one and its start"
            )

    def train(self, context: Context) -> StageOutcome:
        """All runs, one after the other; the model holds their mean at the end."""
        model = context.model
        start = _copy(model.state_dict())
        members = len(self.runs) + self.with_start
        mean = {name: weight * (self.with_start / members) for name, weight in start.items()}
        outcomes = []
        for number, run in enumerate(self.runs):
            weights = _finished(context.folder, number)
            if weights is None:
                context.progress.note(f"run {number + 1} of {len(self.runs)}, to be averaged")
                model.load_state_dict(start)
                part = replace(context, seed=context.seed + number, part=number)
                outcomes.append(run.train(part))
                weights = _copy(model.state_dict())
                _keep(context.folder, number, weights)
            for name, weight in weights.items():
                mean[name] += weight.to(mean[name].device) / members
        model.load_state_dict(mean)
        return _together(outcomes)


def _copy(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in weights.items()}


def _place(folder: Path, number: int) -> Path:
    return folder / f"{number}.safetensors"


def _finished(folder: Path, number: int) -> dict[str, Tensor] | None:
    # Here, since it imports torch.
    from safetensors.torch import load_file

    path = _place(folder, number)
    return load_file(path) if path.exists() else None


def _keep(folder: Path, number: int, weights: Mapping[str, Tensor]) -> None:
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(_place(folder, number)) as file:
        file.write(save(dict(weights)))


def _together(outcomes: list[StageOutcome]) -> StageOutcome:
    """Counts added up; the losses' steps are numbered through all runs."""
    losses: list[tuple[int, float]] = []
    steps = 0
    for outcome in outcomes:
        losses += [(steps + step, loss) for step, loss in outcome.losses]
        steps += outcome.steps
    return StageOutcome(
        rows=sum(outcome.rows for outcome in outcomes),
        steps=steps,
        losses=tuple(losses),
        truncated=max((outcome.truncated for outcome in outcomes), default=0),
    )

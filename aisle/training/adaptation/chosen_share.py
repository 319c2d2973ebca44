"""How much of a base to keep: measured at home and outside, share by share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from aisle.encoder.artifact import Manifest
from aisle.encoder.export.torch_model import silenced_libraries
from aisle.evaluation.encoders.adaptation_report import DEEP, NARROW
from aisle.evaluation.encoders.exact import exact_neighbours
from aisle.evaluation.encoders.quality import MAIN, encode
from aisle.evaluation.encoders.tasks import Judged
from aisle.training.adaptation.interpolate import Ends, mixed
from aisle.training.common.base_model import open_model
from aisle.training.common.machine import TrainingPrecision, best_device
from aisle.training.common.progress import Progress
from aisle.training.dense.encode import TorchEncoder

SHARES: Final = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)


@dataclass(frozen=True, slots=True)
class ShareFigures:
    """What is left of the gain with a share of the base kept.

    Attributes:
        keep_base: the share.
        home: R@200 at home at the narrow width.
        lost: of nDCG@10 outside at the full width, as a share of the base's, where most is lost; 0 without
            other domains.
    """

    keep_base: float
    home: float
    lost: float

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"keep_base": self.keep_base, "home": round(self.home, 5), "lost": round(self.lost, 5)}


def measured_shares(
    ends: Ends,
    manifest: Manifest,
    home: Judged,
    outside: Sequence[Judged],
    relevant: float,
    progress: Progress,
) -> tuple[ShareFigures, ...]:
    """Every share of ``SHARES``, the whole base last.

    Args:
        ends: of the training.
        manifest: of its artifact, for lengths and prefixes.
        home: a task of the domain.
        outside: tasks of others.
        relevant: lowest grade that counts as relevant.
        progress: receives a step for each share.
    """
    device = best_device()
    figures: list[tuple[float, list[float]]] = []
    with silenced_libraries():
        start = open_model(ends.start, device).state_dict()
        model = open_model(ends.end, device)
        end = {name: weight.clone() for name, weight in model.state_dict().items()}
        for number, share in enumerate(SHARES, 1):
            model.load_state_dict(mixed(start, end, share))
            encoder = TorchEncoder(
                model, manifest.prefixes, manifest.max_length, TrainingPrecision.AUTO.on(device)
            )
            own = encode(encoder, home, relevant)
            narrow = own.rankings(exact_neighbours, min(NARROW, own.items.shape[1]))
            others = [encode(encoder, task, relevant) for task in outside]
            means = [one.score(one.rankings(exact_neighbours), "mixed").mean(MAIN) for one in others]
            figures.append((own.score(narrow, "mixed").mean(DEEP), means))
            progress.step(number, len(SHARES), None)
    before = figures[-1][1]
    return tuple(
        ShareFigures(share, gained, _most_lost(means, before))
        for share, (gained, means) in zip(SHARES, figures, strict=True)
    )


def _most_lost(now: Sequence[float], before: Sequence[float]) -> float:
    return max((1 - one / max(then, 1e-9) for one, then in zip(now, before, strict=True)), default=0.0)


def best_share(found: Sequence[ShareFigures], most_lost: float) -> ShareFigures:
    """The best at home of those that lose no more than that outside; the whole base loses nothing."""
    allowed = [one for one in found if one.lost <= most_lost]
    return max(allowed or found[-1:], key=lambda one: one.home)

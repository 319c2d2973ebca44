"""What ``aisle train ranker`` does: judged candidates to an artifact, if that is better than the fusion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from typing import Any, Final

from aisle._arguments import check_real, check_whole
from aisle.encoder.artifact import Artifact, ArtifactStore, check_name
from aisle.errors import InputError, NoBetterRanker
from aisle.search.rank.artifact import save_ranker
from aisle.search.rank.features import FEATURES
from aisle.search.rank.linear import Linear
from aisle.search.rank.ranker import DEPTH as RANKED
from aisle.search.rank.trees import Trees
from aisle.training.common.progress import Progress
from aisle.training.ranking.fit import fit
from aisle.training.ranking.settings import Gains, ModelKind, RankerSettings, Unjudged
from aisle.training.ranking.table import RankingTable
from aisle.training.ranking.validate import DEPTH, Validated, validated

USUAL: Final = (
    RankerSettings(),
    RankerSettings(kind=ModelKind.LINEAR),
)
"""Ways to train, of which the better one is chosen on held-out queries."""

AUTO: Final = "auto"


def gains_of(word: str) -> Gains:
    """The gains that a word names.

    Raises:
        InputError: another word.
    """
    return Gains(_known("gains", word, [each.value for each in Gains]))


def _known(what: str, word: str, known: Sequence[str]) -> str:
    if word not in known:
        raise InputError(f"there is no {what} {word!r}", fix=f"use one of {', '.join(known)}")
    return word


def ways_of(model: str, unjudged: str) -> tuple[RankerSettings, ...]:
    """The ways to train that two words name, of which the best will be chosen.

    Args:
        model: a `ModelKind`, or "auto" for every kind.
        unjudged: an `Unjudged`.

    Raises:
        InputError: another word.
    """
    kinds, policies = [kind.value for kind in ModelKind], [policy.value for policy in Unjudged]
    _known("model", model, [AUTO, *kinds])
    _known("unjudged", unjudged, policies)
    wanted = USUAL if model == AUTO else tuple(way for way in USUAL if way.kind.value == model)
    return tuple(replace(way, unjudged=Unjudged(unjudged)) for way in wanted)


GUARD_P: Final = 0.05
FOLDS: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class RankerReport:
    """How a training went.

    Attributes:
        artifact: of the ranker.
        settings: how the ranker was trained.
        queries, candidates: that it learned from; judged: of the candidates.
        fused, held_out: mean nDCG@20 of the fusion, and of a ranker on queries that it did not learn from.
        p_value: that they differ by chance alone.
        wins, losses: queries that the ranker orders better, and worse.
        importances: feature to its mean contribution to a score, the largest first.
    """

    artifact: Artifact
    settings: RankerSettings
    queries: int
    candidates: int
    judged: int
    fused: float
    held_out: float
    p_value: float
    wins: int
    losses: int
    importances: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        known = {name: getattr(self, name) for name in self.__slots__ if name not in ("artifact", "settings")}
        return {
            "path": str(self.artifact.path),
            "fingerprint": self.artifact.fingerprint,
            "settings": _plain(self.settings),
            "metric": f"nDCG@{DEPTH}",
            **known,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RankerJob:
    """Train a ranker.

    Attributes:
        name: of the artifact.
        ways: to train, of which the best is chosen.
        folds: of the outer cross-validation.
        guard_p: the ranker must be better than the fusion with a p-value below this.
        seed: of folds and draws.

    Raises:
        InputError: a name that no artifact can have, or a number that cannot be used.
    """

    name: str
    ways: tuple[RankerSettings, ...] = USUAL
    folds: int = FOLDS
    guard_p: float = GUARD_P
    seed: int = 7
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_name(self.name)
        check_whole(folds=self.folds, seed=self.seed)
        check_real("0.05", guard_p=self.guard_p)
        if self.folds < 2 or self.seed < 0 or not 0 < self.guard_p <= 1:
            raise InputError(
                f"{self.folds} folds, seed {self.seed} and a guard at p = {self.guard_p} cannot be",
                fix="use 2 folds or more, a seed of 0 or more, 0 < p <= 1",
            )

    def run(self, table: RankingTable, store: ArtifactStore, progress: Progress) -> RankerReport:
        """Measure by nested cross-validation, train on everything, save.

        Args:
            table: of judged queries.
            store: where the ranker goes.
            progress: is told of phases and steps.

        Raises:
            InputError: too few queries.
            NoBetterRanker: the ranker is no better than the fusion; nothing is written.
            MissingExtra: lightgbm is not installed.
        """
        ways = tuple(replace(way, seed=self.seed) for way in self.ways)
        progress.phase(f"measuring on held-out queries, {self.folds} folds")
        found = validated(table, ways, self.folds, self.seed, progress)
        self._guard(found)
        way = _most_chosen(found)
        progress.phase("training on all queries")
        model = fit(table, way)
        if not isinstance(model, Trees | Linear):
            raise TypeError(f"a {type(model).__name__} cannot be saved")
        metrics = {
            f"fusion nDCG@{DEPTH}": float(found.fused.mean()),
            f"held-out nDCG@{DEPTH}": float(found.held_out.mean()),
            "p": found.p_value,
        }
        artifact = save_ranker(
            model,
            self.name,
            store,
            table.rows,
            depth=RANKED,
            data_hash=table.digest,
            metrics=metrics,
            training={**_plain(way), "folds": self.folds, **self.facts},
        )
        return RankerReport(
            artifact=artifact,
            settings=way,
            queries=len(table.queries),
            candidates=len(table.rows),
            judged=int((table.grades == table.grades).sum()),
            fused=float(found.fused.mean()),
            held_out=float(found.held_out.mean()),
            p_value=found.p_value,
            wins=int((found.held_out > found.fused).sum()),
            losses=int((found.held_out < found.fused).sum()),
            importances=_importances(model, table),
        )

    def _guard(self, found: Validated) -> None:
        if found.delta > 0 and found.p_value < self.guard_p:
            return
        raise NoBetterRanker(
            f"a ranker orders held-out queries no better than the fusion: nDCG@{DEPTH}"
            f" {found.held_out.mean():.4f} against {found.fused.mean():.4f} (p = {found.p_value:.2f});"
            " nothing was written",
            fix="search without a ranker; more judged queries may help, or finer grades",
        )


def _most_chosen(found: Validated) -> RankerSettings:
    """The way that most folds chose, of equally many the one of the first fold."""
    counted = Counter(found.chosen)
    return max(found.chosen, key=lambda way: counted[way])


_LOOKED_AT: Final = 500


def _importances(model: Trees | Linear, table: RankingTable) -> dict[str, float]:
    some = table.rows[:: max(1, len(table.rows) // _LOOKED_AT)]
    means = abs(model.contributions(some)).mean(axis=0)
    order = means.argsort()[::-1].tolist()
    return {FEATURES[at].name: float(means[at]) for at in order if means[at] > 0}


def _plain(settings: RankerSettings) -> dict[str, Any]:
    return {
        name: value.value if isinstance(value, Enum) else value for name, value in asdict(settings).items()
    }

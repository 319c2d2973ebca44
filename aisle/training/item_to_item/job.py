"""What ``aisle train item-to-item`` does: baskets and content to an artifact of two heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from aisle.baskets import Baskets
from aisle.encoder.artifact import Artifact, ArtifactStore, check_name
from aisle.encoder.whitening import Whitening
from aisle.errors import EvaluationError
from aisle.evaluation.item_to_item.lists import BestOf, TriggerScorer, evaluate_lists
from aisle.evaluation.item_to_item.protocol import BasketProtocol, BasketSplit, split_baskets
from aisle.evaluation.sequences.protocol import Phase
from aisle.recommendation.item_to_item.artifact import save_two_heads
from aisle.recommendation.item_to_item.basket_counts import SHARED, count_baskets
from aisle.recommendation.item_to_item.divergence import HeadDivergence, head_divergence
from aisle.recommendation.item_to_item.model import TwoHeads
from aisle.recommendation.item_to_item.scorers import EngagementScorer, RelevanceScorer
from aisle.recommendation.item_to_item.towers import HeadTowers, Vocabulary, levels_of
from aisle.training.common.progress import Progress
from aisle.training.item_to_item.fit import fit
from aisle.training.item_to_item.model import ItemContent
from aisle.training.item_to_item.settings import ItemToItemSettings

CHOSEN_BY: Final = "R@50"
METRICS: Final = ("R@10", "R@50", "R@500", "N@10")
COUNTS_WEIGHTS: Final = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0)

FEWEST: Final = 50
"""Baskets of a validation that are enough to choose by."""
_VALIDATION: Final = 0.125


@dataclass(frozen=True, slots=True, eq=False)
class ItemTexts:
    """Texts of a catalogue's items as vectors.

    Attributes:
        vectors: float32 [items, dims], whitened; zeros for an item without one.
        whitening: that made them of the encoder's.
        encoder: that read the texts.
    """

    vectors: NDArray[np.float32]
    whitening: Whitening
    encoder: Artifact


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """What is known of the items of baskets, in their order; empty strings where nothing is.

    Attributes:
        titles, categories, brands: of each item; a category is a path.
        texts: None: nobody has one.
    """

    titles: tuple[str, ...]
    categories: tuple[str, ...]
    brands: tuple[str, ...]
    texts: ItemTexts | None = None

    def content(self, baskets: Baskets) -> ItemContent:
        """What towers read that are trained on these baskets."""
        ordered = np.bincount(baskets.members, minlength=len(baskets.items)) > 0
        vocabulary = Vocabulary(
            tuple(baskets.items[item] for item in np.flatnonzero(ordered).tolist()),
            tuple(dict.fromkeys(level for path in self.categories for level in levels_of(path))),
            tuple(dict.fromkeys(filter(None, self.brands))),
        )
        features = vocabulary.features(baskets.items, self.categories, self.brands)
        texts = self.texts.vectors if self.texts else np.zeros((len(baskets.items), 0), dtype=np.float32)
        return ItemContent(vocabulary, features, ordered, texts)

    def model(self, baskets: Baskets, towers: HeadTowers, weight: float) -> TwoHeads:
        """What is served."""
        texts = self.texts
        made = towers.vectors(baskets.items, texts.vectors if texts else None, self.categories, self.brands)
        return TwoHeads(
            counts=count_baskets(baskets, SHARED),
            counts_weight=weight,
            titles=self.titles,
            categories=self.categories,
            engagement=made.engagement,
            relevance=made.relevance,
            towers=towers,
            whitening=texts.whitening if texts else None,
            encoder=texts.encoder.fingerprint if texts else "",
        )


@dataclass(frozen=True, slots=True, eq=False)
class ItemToItemReport:
    """How a training went.

    Attributes:
        artifact: where the model is.
        baskets, items: learned from.
        chosen_on: baskets of the validation; 0: there were too few, and the usual weight is taken.
        counts_weight: that was chosen.
        figures: system to metric to mean on the validation.
        divergence: how far the two heads are from saying the same.
        losses: of each epoch of the last training, see `FittedHeads`.
    """

    enough: ClassVar[int] = round(FEWEST / _VALIDATION)
    """Baskets of which a validation is large enough."""

    artifact: Artifact
    baskets: int
    items: int
    chosen_on: int
    counts_weight: float
    figures: Mapping[str, Mapping[str, float]]
    divergence: HeadDivergence
    losses: Sequence[Sequence[float]]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        known = {name: getattr(self, name) for name in self.__slots__ if name != "artifact"}
        known["divergence"] = asdict(self.divergence)
        return {"path": str(self.artifact.path), "fingerprint": self.artifact.fingerprint, **known}


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemToItemJob:
    """Train two heads.

    Attributes:
        name: of the artifact.
        settings: of the towers.
        usual_weight: of the counts where there is too little to choose it on.

    Raises:
        InputError: a name that no artifact can have.
    """

    name: str
    settings: ItemToItemSettings = field(default_factory=ItemToItemSettings)
    usual_weight: float = 4.0

    def __post_init__(self) -> None:
        check_name(self.name)

    def run(
        self, baskets: Baskets, catalogue: Catalogue, store: ArtifactStore, progress: Progress
    ) -> ItemToItemReport:
        """Train before the latest baskets, choose the weight of the counts on these, train on all, save.

        Raises:
            InputError: nothing to learn from.
            MissingExtra: the extra ``train`` is not installed.
        """
        data = validation_of(baskets, self.settings.seed)
        weight = self.usual_weight
        figures: dict[str, dict[str, float]] = {}
        if data is not None:
            progress.stage("towers, without the latest baskets", 1, 2)
            towers = fit(data.train, catalogue.content(data.train), self.settings, progress).towers
            progress.phase("choosing the weight of counts")
            weight, figures = choose_weight(data, catalogue, towers)
        progress.stage("towers, on all baskets", 2, 2)
        fitted = fit(baskets, catalogue.content(baskets), self.settings, progress)
        progress.phase("saving")
        model = catalogue.model(baskets, fitted.towers, weight)
        divergence = head_divergence(model, self.settings.seed)
        if divergence.collapsed:
            progress.note(
                f"the heads say the same: they share {divergence.overlap:.0%} of their lists; in Python,"
                " train_item_to_item(settings=ItemToItemSettings(...)) takes a larger relevance_weight (of"
                " the content encoder) or smaller relevance_partners"
            )
        chosen_on = len(data.asked) if data else 0
        metrics = {
            f"{system}, {metric}": value for system, of in figures.items() for metric, value in of.items()
        } | {"heads, CKA": divergence.cka, "heads, overlap@50": divergence.overlap}
        artifact = save_two_heads(
            model,
            self.name,
            store,
            encoder=catalogue.texts.encoder if catalogue.texts else None,
            data_hash=baskets.digest(),
            metrics=metrics,
            training={**self.settings.as_dict(), "chosen_on": chosen_on},
        )
        return ItemToItemReport(
            artifact=artifact,
            baskets=len(baskets),
            items=len(baskets.items),
            chosen_on=chosen_on,
            counts_weight=weight,
            figures=figures,
            divergence=divergence,
            losses=fitted.losses,
        )


def validation_of(baskets: Baskets, seed: int) -> BasketSplit | None:
    """The latest eighth of the baskets is asked; drawn ones where no times are known. None: too few."""
    if baskets.times is None:
        drawn = np.random.default_rng(seed).permutation(len(baskets)).astype(np.float64)
        baskets = replace(baskets, times=drawn)
    protocol = BasketProtocol(test=_VALIDATION, validation=_VALIDATION)
    try:
        found = split_baskets(baskets, protocol, Phase.TEST)
    except EvaluationError:
        return None
    return found if len(found.asked) >= FEWEST else None


def choose_weight(
    data: BasketSplit, catalogue: Catalogue, towers: HeadTowers
) -> tuple[float, dict[str, dict[str, float]]]:
    """The weight of the counts by which most partners are found, and the figures of all that was tried."""
    figures: dict[str, dict[str, float]] = {}
    best = 0.0, -1.0
    for weight in COUNTS_WEIGHTS:
        name = f"engagement, counts {weight:g}"
        scorer = EngagementScorer(name, catalogue.model(data.train, towers, weight))
        figures[name] = _figures(scorer, data)
        if figures[name][CHOSEN_BY] > best[1]:
            best = weight, figures[name][CHOSEN_BY]
    relevance = RelevanceScorer("relevance", catalogue.model(data.train, towers, 0.0))
    figures["relevance"] = _figures(relevance, data)
    return best[0], figures


def _figures(scorer: TriggerScorer, data: BasketSplit) -> dict[str, float]:
    found = evaluate_lists(BestOf(scorer), data).metrics
    return {metric: found[metric] for metric in METRICS}

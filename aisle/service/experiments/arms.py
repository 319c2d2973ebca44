"""A search as one arm of an experiment answers it. Pure, but for the catalogue that is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aisle.evaluation.experiments.design import Arm, Experiment, alike
from aisle.search import RerankOptions, SearchRequest
from aisle.search.systems import is_learned, is_reranked, parse_systems
from aisle.service.catalogues import Catalogues
from aisle.service.scope import ScopedCatalogue


@dataclass(frozen=True, slots=True)
class Arms:
    """The arms of one experiment, open.

    Attributes:
        experiment: whose.
        releases: those that arms name, opened with encoders of their own; looked after as catalogues are.
    """

    experiment: Experiment
    releases: Catalogues

    def catalogue(self, arm: Arm, live: ScopedCatalogue) -> ScopedCatalogue:
        """What an arm asks, within the filters of the same key; raises what ``Catalogues.of`` raises."""
        return replace(live, opened=self.releases.of(arm.release)) if arm.release else live

    def alike(self, live: ScopedCatalogue) -> bool:
        """Whether two arms are one by now, as when the release that one names went live meanwhile."""
        return alike(self.experiment, live.opened.meta.release)

    def request(self, arm: Arm, asked: SearchRequest, live: ScopedCatalogue) -> SearchRequest:
        """The search as an arm asks it.

        Args:
            arm: whose.
            asked: as the catalogue would be asked without any experiment.
            live: that catalogue.

        Raises:
            InputError: the arm's system is none of what it asks.
        """
        catalogue = self.catalogue(arm, live)
        request = asked if arm.rules else replace(asked, rules=False)
        if not arm.system:
            # What has no reranker was not asked for one; what has one may have been asked to do without.
            wanted = asked.rerank is not None or not live.reranks
            rerank = (asked.rerank or RerankOptions()) if wanted and catalogue.reranks else None
            return replace(request, rerank=rerank)
        meta = catalogue.opened.meta
        (fusion,) = parse_systems(arm.system, catalogue.legs, meta.fusion).values()
        return replace(
            request,
            fusion=fusion,
            ranker=is_learned(arm.system),
            rerank=RerankOptions() if is_reranked(arm.system) else None,
        )


def takes_part(asked: SearchRequest) -> bool:
    """Whether a search is one that an experiment may answer: by relevance, in no way of its own."""
    own = (asked.legs, asked.fusion, asked.sort, asked.cursor, asked.rules, asked.boosts)
    return not asked.browse and bool(asked.text.strip()) and all(each is None for each in own)

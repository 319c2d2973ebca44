"""Asks for suggestions: the index of suggestions first, then the catalogue whether they find something."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aisle.cluster import Cluster
from aisle.errors import ForeignIndex, IndexNotFound, SearchError
from aisle.mappings.suggestions import MAX_CHARS, suggest_index
from aisle.search.answers import check_complete, multi_search
from aisle.search.preflight import LiveIndex, Preflight
from aisle.search.suggest import (
    NO_CANDIDATES,
    Suggestions,
    SuggestRequest,
    answering_release,
    catalogue_bodies,
    completions_body,
    found_body,
    read_completions,
    read_suggestions,
    total,
)

# A release that goes live between two requests costs one more attempt.
_ATTEMPTS: Final = 3
_FIX: Final = "index the catalogue again, with `aisle index` and without --no-suggest"


@dataclass(frozen=True, slots=True)
class Suggester:
    """Attributes:
    cluster: connection.
    index: the catalogue, under its name.
    """

    cluster: Cluster
    index: Preflight

    def suggest(self, request: SuggestRequest) -> Suggestions:
        """Answer a request; see ``SearchClient.suggest``."""
        started = time.perf_counter()
        for _ in range(_ATTEMPTS):
            live = self.index.live()
            if not live.meta.features.suggest:
                # The release that went live since may have them.
                self.index.forget()
                live = self.index.live()
            live.meta.require(live.meta.features.suggest, "suggest anything", _FIX)
            request.filters.check(live.meta, live.numbers)
            try:
                found = self._attempt(request, live, started)
            except IndexNotFound as error:
                # It was pruned, or nobody but somebody took its suggestions away.
                self.index.forget()
                if self.index.live() == live:
                    raise ForeignIndex(
                        f"the suggestions of {live.meta.release} are gone", fix=_FIX
                    ) from error
                continue
            if found is not None:
                return found
            self.index.forget()
        raise SearchError(
            f"{self.index.name} changed its release {_ATTEMPTS} times during one request",
            fix="run one `aisle index` per name at a time",
        )

    def _attempt(self, request: SuggestRequest, live: LiveIndex, started: float) -> Suggestions | None:
        """None if another release answered."""
        release = live.meta.release
        candidates = NO_CANDIDATES
        if len(request.typed) <= MAX_CHARS:
            answer = self.cluster.search(index=suggest_index(release), body=completions_body(request))
            check_complete(answer)
            candidates = read_completions(request, answer)
        answers = multi_search(self.cluster, self.index.name, catalogue_bodies(request, candidates))
        if answering_release(answers) not in (release, None):
            return None
        took_ms = (time.perf_counter() - started) * 1000
        return read_suggestions(request, candidates, answers, release, took_ms)


@dataclass(frozen=True, slots=True)
class FoundQueries:
    """Tells which popular queries find something in a loaded release; see ``SuggestionsBuilder``."""

    cluster: Cluster

    def found(self, release: str, texts: Sequence[str]) -> list[bool]:
        """For each text, whether its words find an item."""
        answers = multi_search(self.cluster, release, list(map(found_body, texts)))
        return [total(answer) > 0 for answer in answers]

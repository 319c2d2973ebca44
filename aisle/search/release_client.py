"""What clients share that ask an index for items beside a search: one release an answer, and its rules."""

from __future__ import annotations

import copy
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import ClassVar, Final, Generic, Protocol, Self, TypeVar

from opensearchpy import OpenSearch

from aisle.cluster import Cluster
from aisle.cluster.capabilities import require_engine
from aisle.errors import AisleError, ArtifactMismatch, IndexNotFound, InputError, SearchError
from aisle.mappings import IndexMeta
from aisle.mappings.meta import catalogue_of
from aisle.mappings.vector_types import AS_FP32, layout
from aisle.search.execution import ReleaseChanged
from aisle.search.filters import Filters
from aisle.search.legs import QueryEncoders
from aisle.search.preflight import LiveIndex, Preflight
from aisle.search.rules.asking import usable
from aisle.search.rules.effects import RuleEffects
from aisle.search.rules.live import RulesReader
from aisle.search.rules.matching import Situation

# A release that goes live between the requests costs one more attempt.
_ATTEMPTS: Final = 3
# Bad request and not found: how a release answers that is not the one planned for.
_OF_ANOTHER_RELEASE: Final = (400, 404)


class RuledRequest(Protocol):
    """A request that rules may act on."""

    @property
    def filters(self) -> Filters | None:
        """What the shopper narrowed the answer to."""

    @property
    def rules(self) -> bool | None:
        """Whether rules act; None leaves it to the client."""

    @property
    def context(self) -> tuple[str, ...]:
        """For rules that act in some contexts only."""

    @property
    def at(self) -> datetime | None:
        """The moment; None: now."""


Request = TypeVar("Request", bound=RuledRequest)
Answer = TypeVar("Answer")


class ReleaseClient(ABC, Generic[Request, Answer]):
    """Asks the live release behind one name, and asks again where another one goes live meanwhile.

    Safe to share between threads.

    Args:
        client: connection, see ``aisle.cluster.client``.
        name: alias or index.
        rules: reads the catalogue's rules; None: none act.

    Attributes:
        opened_by: the function that opens such a client.
        context: that rules can name to act on its answers alone.
    """

    opened_by: ClassVar[str]
    context: ClassVar[str]

    def __init__(self, client: OpenSearch, name: str, rules: RulesReader | None) -> None:
        self._cluster = Cluster.of(client)
        self._rules = rules
        self._index = Preflight(self._cluster, name, QueryEncoders())
        self._passed: LiveIndex | None = None

    @abstractmethod
    def _check(self, meta: IndexMeta) -> None:
        """Refuse a release that this client cannot ask."""

    @abstractmethod
    def _answer(self, request: Request, live: LiveIndex, started: float) -> Answer:
        """The answer of one release.

        Args:
            request: what is asked.
            live: the release.
            started: by ``time.perf_counter``.

        Raises:
            ReleaseChanged: another one answered.
        """

    def ask(self, request: Request) -> Answer:
        """The answer to a request.

        Raises:
            InvalidQuery: something that cannot be asked.
            InputError: rules are asked for, and the client reads none.
            ForeignIndex, ArtifactMismatch: the release was not made for such questions, or with other
                artifacts than the client's.
            IndexNotFound, SearchError, ClusterError: as ``SearchClient.search``.
        """
        started = time.perf_counter()
        for _ in range(_ATTEMPTS):
            live = self._live()
            try:
                return self._answer(request, live, started)
            except ReleaseChanged:
                self._index.forget()
            except AisleError as error:
                if error.status not in _OF_ANOTHER_RELEASE and not isinstance(error, IndexNotFound):
                    raise
                # If no other release went live, the error stands.
                self._index.forget()
                if self._live() == live:
                    raise
        raise SearchError(
            f"{self._index.name} changed its release {_ATTEMPTS} times during one request",
            fix="run one `aisle index` per name at a time",
        )

    def for_release(self, release: str) -> Self:
        """The same client for one release, which stays with it when another one goes live."""
        fixed = copy.copy(self)
        fixed._index = Preflight(self._cluster, release, QueryEncoders())
        fixed._passed = None
        return fixed

    def _live(self) -> LiveIndex:
        live = self._index.live()
        if live is not self._passed:
            self._check(live.meta)
            self._passed = live
        return live

    def _require_engine(self, meta: IndexMeta) -> None:
        """Refuse a cluster some of whose nodes cannot search vectors of items."""
        kept = layout(AS_FP32.kept_as, meta.engine)
        require_engine(self._cluster, meta.engine, meta.release, simd=kept.simd)

    def _ruled(self, request: Request, live: LiveIndex) -> RuleEffects | None:
        """What rules make of a request; None if they do not act."""
        if request.rules is False or (request.rules is None and self._rules is None):
            return None
        if self._rules is None:
            raise InputError(
                "this client reads no rules",
                fix=f"open it with aisle.{self.opened_by}(name), without rules=False",
            )
        moment = request.at or datetime.now(UTC)
        context = frozenset((*request.context, self.context))
        asked = Situation("", request.filters or Filters(), context, moment)
        return usable(self._rules.effects(catalogue_of(live.meta.release), asked), live)


def check_artifact(meta: IndexMeta, what: str, theirs: str, mine: str, opened_by: str) -> None:
    """Refuse a release that was made with another artifact than a client's.

    Args:
        meta: of the release.
        what: kind of the artifact.
        theirs: fingerprint of the release's; empty for none.
        mine: of the client's, likewise.
        opened_by: the function that opens such a client.

    Raises:
        ArtifactMismatch: naming what differs.
    """
    if theirs != mine:
        raise ArtifactMismatch(
            f"index {meta.release} was made with {what} {theirs[:12] or 'none'}, this client has"
            f" {mine[:12] or 'none'}",
            fix=f"open it again: aisle.{opened_by} loads what the live release was made with",
        )


def expect_release(release: str, found: Iterable[str]) -> None:
    """Nothing if all that answered is this release.

    Args:
        release: that was planned for.
        found: indexes that answered.

    Raises:
        ReleaseChanged: another one did.
    """
    for index in found:
        if index != release:
            raise ReleaseChanged(index)


def ms_since(before: float) -> float:
    """Milliseconds since a moment of ``time.perf_counter``."""
    return (time.perf_counter() - before) * 1000

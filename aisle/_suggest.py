"""Suggestions while a shopper types: what a release may suggest, and asking for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from opensearchpy import OpenSearch

from aisle.cluster import Cluster
from aisle.cluster.client import connected
from aisle.cluster.failures import RetryPolicy
from aisle.errors import InputError
from aisle.indexer.suggestions.build import SuggestionsBuilder
from aisle.indexer.suggestions.popular import (
    USUAL_MIN_CLIENTS,
    BlockList,
    PopularQueries,
    read_block_list,
    read_popular,
)
from aisle.search.client import SearchClient
from aisle.search.filters import Filters
from aisle.search.legs import Bm25Leg
from aisle.search.suggest import Suggestions
from aisle.search.suggester import FoundQueries


@dataclass(frozen=True, slots=True)
class SuggestOptions:
    """What a release may suggest besides phrases of its titles, its categories and brands.

    Attributes:
        popular: queries that shoppers asked.
        block: what may not be suggested.
    """

    popular: PopularQueries = field(default_factory=PopularQueries)
    block: BlockList = field(default_factory=BlockList)

    def builder(self, client: OpenSearch, retry: RetryPolicy) -> SuggestionsBuilder:
        """Makes the suggestions of one release."""
        cluster = Cluster.of(client)
        return SuggestionsBuilder(
            cluster, retry, FoundQueries(cluster.retrying(retry)), self.popular, self.block
        )


def suggest_options(
    wanted: bool,
    queries: str | Path | None = None,
    block: str | Path | None = None,
    min_clients: int = USUAL_MIN_CLIENTS,
) -> SuggestOptions | None:
    """Read what a release may suggest; None if it is to have no suggestions.

    Args:
        wanted: whether it is to have any.
        queries: file of popular queries, see ``indexer.suggestions.popular``.
        block: file of what may not be suggested.
        min_clients: how many different visitors must have asked a query.

    Raises:
        InputError: a file cannot be used, or goes with no suggestions.
    """
    if not wanted:
        if queries is not None or block is not None:
            raise InputError(
                "popular queries and a block list are for suggestions, which are left out",
                fix="leave out either the files or --no-suggest",
            )
        return None
    blocked = BlockList() if block is None else read_block_list(Path(block))
    popular = PopularQueries() if queries is None else read_popular(Path(queries), blocked, min_clients)
    return SuggestOptions(popular, blocked)


def suggest(
    text: str,
    name: str,
    *,
    size: int = 8,
    items: int = 4,
    filters: Filters | None = None,
    cluster: OpenSearch | None = None,
) -> Suggestions:
    """What was typed so far may become: queries, items, categories and brands.

    A service that answers every keystroke opens the catalogue once, `aisle.open_search`, and calls the
    client's ``suggest``: the first answer of a client costs one more request.

    Example:
        >>> [query.text for query in aisle.suggest("dri", "shop").queries]
        ['drill', 'drill bit set', 'cordless drill']

    Args:
        text: typed so far; empty suggests what is most popular.
        name: of the catalogue.
        size: queries, and as many categories and brands at most, 1 to 20.
        items: at most, 0 to 20.
        filters: that everything suggested must find something under.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.

    Raises:
        InvalidQuery: ``size`` or ``items`` cannot be asked for.
        IndexNotFound: there is no such index.
        ForeignIndex: Aisle did not make it, or made it without suggestions.
        ClusterError: the cluster does not answer.
    """
    client = SearchClient(connected(cluster), name, legs=(Bm25Leg(),))
    return client.suggest(text, size=size, items=items, filters=filters)

"""A small hardware shop whose words matter: what the tests of typos, synonyms and part numbers share."""

from __future__ import annotations

from aisle.cluster import Cluster
from aisle.search import SearchClient
from aisle.types import Item
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf
from tests.support.proxies.faulty import FaultyProxy

TOOLS = (
    Item("drill-10001", "DeWalt cordless drill DCD771C2", "with two batteries", brand="DeWalt"),
    Item("drill-10002", "Makita corded drill HP-1640", "percussion", brand="Makita"),
    Item("battery-10003", "Battery for tools", "fits the drill DCD771C2", brand="DeWalt"),
    Item("charger-10004", "Wall charger", attributes={"mpn": ("CH-99021",)}, brand="Acme"),
    Item("saw-10005", "Circular saw", "for drilling see the drills", brand="Acme"),
    Item("planer-10006", "Electric planer", brand="Makita"),
    Item(
        "trail-mug",
        "Trail mug",
        identifiers=("TM-030-S", "TM-050-M", "tm-sage-wide", "4006381333931"),
        brand="Norvik",
    ),
    Item("lid-10008", "Lid for the mug TM-030-S", brand="Norvik"),
    Item("lamp-10007", "Refrigerator lamp", "a lamp", categories=(("Lighting",),)),
)
PLANTERS = tuple(Item(f"planter-2{n:04d}", f"Garden planter PL20000X {n}", brand="Acme") for n in range(40))
ITEMS = (*TOOLS, *PLANTERS)


def stocked(
    client: Cluster, index: str, shards: int = 1, items: tuple[Item, ...] = ITEMS, **more: object
) -> SearchClient:
    """A client of a new index with these items."""
    put_shelf(client, index, items, shards=shards, **more)  # type: ignore[arg-type]
    return SearchClient(client, index, HashEncoder())


def searches(proxy: FaultyProxy) -> int:
    """How many searches came through since this was last asked."""
    count = sum(request.path.partition("?")[0].endswith("/_search") for request in proxy.requests)
    proxy.requests.clear()
    return count

"""Index a catalogue and search it.

    python examples/first_search.py products.csv shop "cordless drill"

The file is an export of a shop, such as the one of the first tutorial; a node runs (`aisle up`) or AISLE_URL
names a cluster.
"""

from __future__ import annotations

import sys

import aisle


def main(data: str, name: str, query: str) -> None:
    """Index, search, and say why each hit is there."""
    report = aisle.index(data, name)
    print(f"{report.release}: {report.documents} documents, not indexed: {dict(report.dead_letters)}")
    shop = aisle.open_search(name)
    page = shop.search(query, size=5, facets=3)
    for hit in page.hits:
        reasons = ", ".join(f"{signal.leg} {signal.contribution:.4f}" for signal in hit.signals)
        print(f"{hit.rank}. {hit.item.title} ({reasons})")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except aisle.AisleError as error:
        sys.exit(f"{error.message}\n{error.fix}")

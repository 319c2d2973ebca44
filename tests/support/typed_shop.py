"""What a user's type checker knows of `import aisle`: read by mypy with everything else, and never run.

Where it stops knowing a type, ``assert_type`` fails; where it stops refusing, its ``ignore`` is unused.
"""

from __future__ import annotations

from typing import assert_type

import aisle


def uses_the_door() -> None:
    """Every value has a type of its own."""
    report = aisle.index("products.csv", "shop", columns={"title": "name"})
    assert_type(report.documents, int)
    shop = aisle.open_search("shop")
    assert_type(shop.search("cordless drill", size=5).hits[0].item.title, str)
    assert_type(aisle.evaluate("shop", "judged").to_markdown(), str)
    assert_type(aisle.update("shop", "prices.jsonl").indexed, int)
    assert_type(aisle.plan("10k").shards, int)
    assert_type(aisle.list_releases("shop")[0].release, str)
    assert_type(aisle.__version__, str)
    try:
        aisle.rollback("shop")
    except aisle.AisleError as error:
        assert_type(error.fix, str)


def mistypes_names() -> None:
    """A name that there is not is seen before anything runs."""
    aisle.indx("products.csv", "shop")  # type: ignore[attr-defined]
    aisle.index("products.csv", "shop", column={"title": "name"})  # type: ignore[call-arg]

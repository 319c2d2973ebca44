"""The exports of shop software, one file each: how they are recognised and how their rows become items."""

from collections.abc import Iterable
from typing import Final

from aisle.catalogue.exports.akeneo import Akeneo
from aisle.catalogue.exports.algolia import Algolia, BestBuy
from aisle.catalogue.exports.amazon import AmazonListings, AmazonTemplate
from aisle.catalogue.exports.base import (
    ALONE,
    ExportKind,
    Place,
    Plain,
    RowRole,
    Variants,
    folded,
    kind_cells,
)
from aisle.catalogue.exports.bigcommerce import BigCommerce, BigCommerceApi
from aisle.catalogue.exports.datasets import AmazonReviews, Beir, Esci
from aisle.catalogue.exports.feeds import Ceneo, Heureka, Yandex
from aisle.catalogue.exports.google import GoogleFeed, MetaCatalogue
from aisle.catalogue.exports.magento import MagentoCsv, MagentoOne, MagentoRest
from aisle.catalogue.exports.marketplaces import Ebay, Ecwid, Lightspeed, OpenCart, ZenCart
from aisle.catalogue.exports.prestashop import PrestaShop
from aisle.catalogue.exports.shopify import ShopifyCsv
from aisle.catalogue.exports.shopify_json import ShopifyBulk, ShopifyJson
from aisle.catalogue.exports.shopware import Shopware, ShopwareFive
from aisle.catalogue.exports.squarespace import Squarespace
from aisle.catalogue.exports.wix import Wix
from aisle.catalogue.exports.woocommerce import WooCommerceCsv, WooCommerceRest

PLAIN: Final = Plain()

KINDS: Final[tuple[ExportKind, ...]] = (
    Esci(),
    AmazonReviews(),
    Wix(),
    ShopifyJson(),
    ShopifyBulk(),
    ShopifyCsv(),
    Squarespace(),
    Lightspeed(),
    Ecwid(),
    Ebay(),
    OpenCart(),
    ZenCart(),
    BigCommerce(),
    BigCommerceApi(),
    MagentoCsv(),
    MagentoOne(),
    MagentoRest(),
    Shopware(),
    ShopwareFive(),
    AmazonTemplate(),
    AmazonListings(),
    Akeneo(),
    Algolia(),
    WooCommerceRest(),
    WooCommerceCsv(),
    PrestaShop(),
    BestBuy(),
    Heureka(),
    Yandex(),
    Ceneo(),
    MetaCatalogue(),
    GoogleFeed(),
    Beir(),
    PLAIN,
)
"""Those that are surer of their files first."""

__all__ = [
    "ALONE",
    "KINDS",
    "PLAIN",
    "ExportKind",
    "Place",
    "Plain",
    "RowRole",
    "Variants",
    "folded",
    "kind_cells",
    "kind_of",
]


def kind_of(columns: Iterable[str], asked: str = "auto", locale: str = "") -> ExportKind:
    """The kind that was asked for, else the first that recognises these columns, else the plain one.

    Args:
        columns: as the file names them.
        asked: a kind's name; any other word asks for none.
        locale: of the texts to read, where there are several.
    """
    names = frozenset(map(folded, columns))
    wanted = [kind for kind in KINDS if kind.name == asked] or list(KINDS)
    found = next((kind for kind in wanted if kind.recognises(names)), None)
    if found is None:
        found = wanted[0] if len(wanted) < len(KINDS) else PLAIN
    return found.in_locale(locale) if locale else found

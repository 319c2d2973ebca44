"""Small made-up exports of every kind that is read: what the tests and the page on exports are made from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class ExportFile:
    """One made-up export.

    Attributes:
        file: its name in this folder. Beside it stands what is expected of it, ``.expected.json``.
        where: where its users get such a file; empty for more of the kind above.
        software: what it comes from.
    """

    file: str
    software: str
    where: str = ""

    @property
    def path(self) -> Path:
        """The file."""
        return FOLDER / self.file

    @property
    def expected(self) -> Path:
        """What is expected: items without their empty fields, and where every row went."""
        return FOLDER / "expected" / f"{self.file}.json"


EXPORTS: Final = (
    ExportFile("shopify.csv", "Shopify", "Products > Export > All products"),
    ExportFile("shopify-new.csv", "Shopify, newer headers", "Products > Export > All products"),
    ExportFile("shopify.json", "Shopify, JSON", "https://SHOP/products.json, or the admin API"),
    ExportFile("shopify-bulk.jsonl", "Shopify, bulk operation", "the JSONL of `bulkOperationRunQuery`"),
    ExportFile("woocommerce.csv", "WooCommerce", "Products > All products > Export"),
    ExportFile(
        "woocommerce-de.csv", "WooCommerce in other languages", "the same, with its headings translated"
    ),
    ExportFile("woocommerce.json", "WooCommerce, REST API", "`/wp-json/wc/v3/products`"),
    ExportFile("woocommerce-store.json", "WooCommerce, store API", "`/wp-json/wc/store/v1/products`"),
    ExportFile("magento.csv", "Magento 2, Adobe Commerce", "System > Data Transfer > Export > Products"),
    ExportFile("magento-one.csv", "Magento 1, OpenMage", "System > Import/Export > Export > Products"),
    ExportFile("magento.json", "Magento 2, REST API", "`/rest/V1/products`"),
    ExportFile("prestashop.csv", "PrestaShop, the importer's columns", "Advanced Parameters > Import"),
    ExportFile("prestashop-fr.csv", "PrestaShop, the list of products", "Catalog > Products > Export"),
    ExportFile(
        "prestashop-combinations.csv", "PrestaShop with combinations", "products and combinations in one file"
    ),
    ExportFile("bigcommerce.csv", "BigCommerce", "Products > Export"),
    ExportFile("bigcommerce-old.csv", "BigCommerce, before 2023", "Products > Export, bulk edit template"),
    ExportFile("bigcommerce.json", "BigCommerce, API", "`/v3/catalog/products?include=variants,images`"),
    ExportFile("shopware.csv", "Shopware 6", "Settings > Import/Export, default product profile"),
    ExportFile("shopware-five.csv", "Shopware 5", "Import/Export, profile `default_articles`"),
    ExportFile("wix.csv", "Wix", "Store Products > More Actions > Export"),
    ExportFile("wix-new.csv", "Wix, new catalogue", "Store Products > More Actions > Export"),
    ExportFile("squarespace.csv", "Squarespace", "Products > Export all"),
    ExportFile("google.tsv", "Google Merchant, text", "the feed's file or address"),
    ExportFile("google.xml", "Google Merchant, XML", "the feed's file or address"),
    ExportFile("meta.csv", "Meta (Facebook, Instagram)", "Commerce Manager > Catalogue > Data sources"),
    ExportFile("amazon.txt", "Amazon, inventory template", "the filled-in template, as text"),
    ExportFile("amazon-listings.tsv", "Amazon, all listings", "Reports > Inventory > All Listings Report"),
    ExportFile("algolia.jsonl", "Algolia", "`algolia objects browse INDEX`"),
    ExportFile("algolia-shopify.jsonl", "Algolia for Shopify", "`algolia objects browse INDEX`"),
    ExportFile("bestbuy.json", "Best Buy", "the Products API"),
    ExportFile("akeneo.csv", "Akeneo, products", "Exports > CSV product export"),
    ExportFile("akeneo-models.csv", "Akeneo, product models and products", "both exports in one file"),
    ExportFile("akeneo.jsonl", "Akeneo, API", "`/api/rest/v1/products-uuid`, its items"),
    ExportFile("lightspeed.csv", "Lightspeed Retail (Vend)", "Catalog > Products > Export"),
    ExportFile("ecwid.csv", "Ecwid", "Catalog > Products > Export"),
    ExportFile("ebay.csv", "eBay", "Reports > Downloads > Active listings"),
    ExportFile("opencart.csv", "OpenCart", "Export/Import tool, sheet of products"),
    ExportFile("zencart.tsv", "Zen Cart", "Easy Populate, full export"),
    ExportFile("heureka.xml", "Heureka, Zboží, Glami", "the feed's file or address"),
    ExportFile("yandex.xml", "Yandex Market (YML)", "the feed's file or address"),
    ExportFile("ceneo.xml", "Ceneo", "the feed's file or address"),
    ExportFile("esci.jsonl", "Shopping Queries Dataset (ESCI)", "`shopping_queries_dataset_products`"),
    ExportFile("amazon2023.jsonl", "Amazon Reviews 2023", "`meta_*.jsonl`"),
    ExportFile("beir.jsonl", "BEIR", "a folder with `corpus.jsonl`"),
)

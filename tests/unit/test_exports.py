"""What each kind of export makes of odd cells."""

from __future__ import annotations

from typing import Any

import pytest

from aisle.catalogue.exports import ExportKind, Place, kind_cells, kind_of
from aisle.catalogue.exports.akeneo import Akeneo
from aisle.catalogue.exports.amazon import AmazonTemplate
from aisle.catalogue.exports.base import folded
from aisle.catalogue.exports.bigcommerce import BigCommerce
from aisle.catalogue.exports.google import GoogleFeed
from aisle.catalogue.exports.magento import MagentoCsv, name_values
from aisle.catalogue.exports.shopify import ShopifyCsv
from aisle.catalogue.exports.squarespace import Squarespace
from aisle.catalogue.exports.wix import Wix
from aisle.catalogue.exports.woocommerce import WooCommerceCsv, english


def cells(kind: ExportKind, **named: Any) -> dict[str, Any]:
    """What the kind makes of these cells; ``_`` in a name stands for a space."""
    return kind_cells(kind, {name.replace("_", " "): value for name, value in named.items()})


def test_names_are_folded() -> None:
    assert folded("Variant SKU") == folded("variant_sku") == folded(" Variant-Sku ") == "variant sku"
    assert folded("Price / International") == "price international"
    # Of two columns of one name, the first that says something.
    assert kind_cells(GoogleFeed(), {"Price": "", "price": "9"})["price"] == "9"


@pytest.mark.parametrize(
    ("heading", "meant"),
    [
        ("Attribute 1 name", "attribute 1 name"),
        ("Attribute 12 value(s)", "attribute 12 values"),
        ("Attribute 1 visible", "attribute 1 setting"),
        ("Name des Attributs 2", "attribute 2 name"),
        ("Attribut 2 Name", "attribute 2 name"),
        ("Wert(e) des Attributs 2", "attribute 2 values"),
        ("Sichtbarkeit des Attributs 2", "attribute 2 setting"),
        ("Nom de l\N{RIGHT SINGLE QUOTATION MARK}attribut 3", "attribute 3 name"),
        ("Valeur(s) de l'attribut 3 ", "attribute 3 values"),
        ("Nombre del atributo 1", "attribute 1 name"),
        ("Valor(es) del atributo 1", "attribute 1 values"),
        ("Atributo visible 1", "attribute 1 setting"),
        ("Eigenschap 1 naam", "attribute 1 name"),
        ("Waarde(n) eigenschap 1", "attribute 1 values"),
        ("Nome dell'attributo 1", "attribute 1 name"),
        ("Valore dell'attributo 1", "attribute 1 values"),
        ("Nazwa atrybutu 1", "attribute 1 name"),
        ("Wartości atrybutu 1", "attribute 1 values"),
        ("Имя атрибута 1", "attribute 1 name"),
        ("Значение(-я) аттрибута(-ов) 1", "attribute 1 values"),
        ("Regulärer Preis", "regular price"),
        ("¿Está destacado?", "is featured"),
        ("En stock ?", "in stock"),
        ("Gewicht (kg)", "gewicht kg"),
    ],
)
def test_woocommerce_speaks_many_languages(heading: str, meant: str) -> None:
    assert english(folded(heading)) == meant


@pytest.mark.parametrize(
    ("published", "visible", "left_out"),
    [
        ("1", "visible", ""),
        ("1", "search", ""),
        ("1", "catalog", ""),
        ("", "", ""),
        ("0", "visible", "private"),
        ("-1", "visible", "draft"),
        ("'-1", "visible", "draft"),
        ("1", "hidden", "hidden"),
    ],
)
def test_woocommerce_hides(published: str, visible: str, left_out: str) -> None:
    kind = WooCommerceCsv()
    row = cells(kind, ID="1", Type="simple", Published=published, Visibility_in_catalog=visible)
    assert kind.role(row).left_out == left_out


@pytest.mark.parametrize(
    ("kind_of_product", "place"),
    [
        ("simple", Place.ALONE),
        ("simple, downloadable, virtual", Place.ALONE),
        ("variable", Place.PRODUCT),
        ("variable-subscription", Place.PRODUCT),
        ("variation", Place.VARIANT),
        ("variation, virtual", Place.VARIANT),
        ("subscription_variation", Place.VARIANT),
        ("grouped", Place.ALONE),
        ("external", Place.ALONE),
        ("", Place.ALONE),
    ],
)
def test_woocommerce_types(kind_of_product: str, place: Place) -> None:
    kind = WooCommerceCsv()
    assert kind.role(cells(kind, ID="1", Type=kind_of_product, Parent="id:44")).place is place


def test_woocommerce_values_may_hold_commas() -> None:
    row = cells(WooCommerceCsv(), Attribute_1_name="pa_size", **{"Attribute_1_value(s)": r"0\,3 l, 0\,5 l"})
    assert row["attributes"] == {"size": ["0,3 l", "0,5 l"]}


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("color=Red,size=M", {"color": "Red", "size": "M"}),
        ('color="Red",size="M, slim"', {"color": "Red", "size": "M, slim"}),
        ('note="a ""b"", c=d",size=M', {"note": 'a "b", c=d', "size": "M"}),
        ("features=Warm, light,size=M", {"features": "Warm, light", "size": "M"}),
        ("color=,size=M", {"color": "", "size": "M"}),
        ("link=https://x?a=1,size=M", {"link": "https://x?a=1", "size": "M"}),
        ("no pairs at all", {}),
        ("", {}),
        ('broken="never ends,size=M', {"broken": '"never ends', "size": "M"}),
    ],
)
def test_magento_attributes(text: str, pairs: dict[str, str]) -> None:
    assert dict(name_values(text)) == pairs


@pytest.mark.parametrize(
    ("row", "left_out", "orphan"),
    [
        ({"visibility": "Catalog, Search"}, "", ""),
        ({"visibility": "Not Visible Individually"}, "", "not shown alone"),
        ({"visibility": "1"}, "", "not shown alone"),
        ({"visibility": "4", "product_online": "2"}, "disabled", ""),
        ({"visibility": "Search", "status": "Disabled"}, "disabled", ""),
    ],
)
def test_magento_hides(row: dict[str, str], left_out: str, orphan: str) -> None:
    kind = MagentoCsv()
    role = kind.role(cells(kind, sku="a", product_type="simple", **row))
    assert (role.place, role.left_out, role.orphan) == (Place.VARIANT, left_out, orphan)


def test_magento_children_go_with_their_configurable() -> None:
    kind = MagentoCsv()
    row = cells(
        kind,
        sku="hat",
        product_type="configurable",
        configurable_variations="sku=a,color=Red|sku=b,color=Blue",
    )
    role = kind.role(row)
    assert (role.place, role.group, role.also) == (Place.PRODUCT, "hat", ("a", "b"))
    assert row["attributes"] == {"color": ["Red", "Blue"]}


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ("Type=Rectangle|Name=Size|Value=XS", {"Size": ["XS"]}),
        (
            "Type=Rectangle|Name=Size|Value=XSType=Swatch|Name=Color|Value=Silver[#cccccc]",
            {"Size": ["XS"], "Color": ["Silver"]},
        ),
        (
            "Type=Rectangle|Name=Size|Value=XS|Type=Dropdown|Name=Fit|Value=Slim = long",
            {"Size": ["XS"], "Fit": ["Slim = long"]},
        ),
        ("", None),
    ],
)
def test_bigcommerce_options(options: str, found: dict[str, list[str]] | None) -> None:
    row = cells(BigCommerce(), Item="Variant", SKU="a", Options=options)
    assert row.get("attributes") == found


def test_bigcommerce_options_before() -> None:
    row = cells(BigCommerce(), Item_Type="  SKU", Product_Name="[S]Size=S,[CS]Colour=Blue, dark:#00f")
    assert row["attributes"] == {"Size": ["S"], "Colour": ["Blue, dark"]}
    assert row["product name"] == ""


@pytest.mark.parametrize(
    ("mode", "value", "price"),
    [
        ("PERCENT", "10", 18.0),
        ("AMOUNT", "3", 17.0),
        ("PERCENT", "0", None),
        ("AMOUNT", "30", None),
        ("", "", None),
    ],
)
def test_wix_discounts(mode: str, value: str, price: float | None) -> None:
    row = cells(Wix(), handleId="a", fieldType="Product", price="20", discountMode=mode, discountValue=value)
    assert row.get("price now") == price


def test_wix_colours_and_surcharges() -> None:
    kind = Wix()
    product = cells(
        kind,
        handleId="a",
        fieldType="Product",
        price="20",
        productOptionName1="Color",
        productOptionDescription1="#b81616:Red;rgb(193,180,123):Cream",
    )
    assert product["attributes"] == {"Color": ["Red", "Cream"]}
    variant = cells(
        kind, handleId="a", fieldType="Variant", surcharge="5", productOptionDescription1="rgb(1,2,3):Cream"
    )
    whole = kind.completed(variant, product)
    assert (whole["price"], whole["attributes"]) == (25.0, {"Color": ["Cream"]})
    assert kind.completed(product, product) == product


@pytest.mark.parametrize(
    ("row", "available"),
    [
        ({"Variant_Inventory_Tracker": "shopify", "Variant_Inventory_Qty": "0"}, False),
        ({"Variant_Inventory_Tracker": "shopify", "Variant_Inventory_Qty": "-3"}, False),
        ({"Variant_Inventory_Tracker": "shopify", "Variant_Inventory_Qty": "2"}, True),
        ({"Variant_Inventory_Tracker": "", "Variant_Inventory_Qty": "0"}, True),
        (
            {
                "Variant_Inventory_Tracker": "shopify",
                "Variant_Inventory_Qty": "0",
                "Variant_Inventory_Policy": "continue",
            },
            True,
        ),
        ({}, None),
    ],
)
def test_shopify_stock(row: dict[str, str], available: bool | None) -> None:
    assert cells(ShopifyCsv(), Handle="a", **row).get("available") is available


def test_shopify_attributes_have_their_own_names() -> None:
    kind = ShopifyCsv()
    assert kind.attribute("Färg (product.metafields.shopify.color-pattern)") == "Färg"
    assert kind.attribute("FÄRG (PRODUCT.METAFIELDS.CUSTOM.FARG)") == "FÄRG"
    assert kind.attribute("Tags") == "Tags"
    row = kind_cells(kind, {"Färg (product.metafields.shopify.color-pattern)": "black; silver"})
    assert list(row.values()) == [["black", "silver"]]


def test_squarespace_sells_for_the_price_unless_on_sale() -> None:
    for on_sale, sale, expected in (
        ("No", "0.00", None),
        ("No", "5", None),
        ("Yes", "5", "5"),
        ("Yes", "0", None),
    ):
        row = cells(Squarespace(), Title="Mug", Price="9", Sale_Price=sale, On_Sale=on_sale)
        assert row.get("price now") == expected


@pytest.mark.parametrize(
    ("detail", "attributes"),
    [
        ("General:Weave:Twill", {"Weave": ["Twill"]}),
        ("General:Weave:Twill,Care:Wash:30 °C", {"Weave": ["Twill"], "Wash": ["30 °C"]}),
        (["A:B:C", "A:B:D"], {"B": ["C", "D"]}),
        ({"section_name": "A", "attribute_name": "B", "attribute_value": "C"}, {"B": ["C"]}),
        ("broken", None),
    ],
)
def test_google_details(detail: object, attributes: dict[str, list[str]] | None) -> None:
    assert cells(GoogleFeed(), id="1", product_detail=detail).get("attributes") == attributes


def test_google_feeds_with_their_prefix() -> None:
    row = kind_cells(GoogleFeed(), {"g:id": "1", "g:color": "Red/Blue", "g:google_product_category": "2271"})
    assert (row["id"], row.get("google product category")) == ("1", None)
    assert row["attributes"] == {"color": ["Red", "Blue"]}


def test_amazon_templates_of_today() -> None:
    names = [
        "contribution_sku#1.value",
        "item_name[marketplace_id=A1PA6795UKMFR9][language_tag=de_DE]#1.value",
        "parentage_level[marketplace_id=A1PA6795UKMFR9]#1.value",
        "bullet_point[marketplace_id=A1PA6795UKMFR9][language_tag=de_DE]#2.value",
        "child_parent_sku_relationship[marketplace_id=A1PA6795UKMFR9]#1.parent_sku",
    ]
    kind = kind_of(names)
    assert isinstance(kind, AmazonTemplate)
    row = kind_cells(kind, dict(zip(names, ["A-1", "Becher", "Child", "Stahl", "A"], strict=True)))
    assert (row["item sku"], row["item name"], row["bullet points"]) == ("A-1", "Becher", ["Stahl"])
    role = kind.role(row)
    assert (role.place, role.group) == (Place.VARIANT, "A")


@pytest.mark.parametrize(
    ("locale", "name"),
    [("", "White"), ("de_DE", "Weiß"), ("de-DE", "Weiß"), ("de_AT", "Weiß"), ("it_IT", "White")],
)
def test_akeneo_reads_one_locale(locale: str, name: str) -> None:
    row = {"sku": "a", "family": "t", "enabled": "1", "name-de_DE": "Weiß", "name-en_US": "White"}
    kind = kind_of(row, "auto", locale)
    assert isinstance(kind, Akeneo)
    assert kind_cells(kind, row)["name"] == name


def test_akeneo_falls_back_to_another_locale() -> None:
    row = {"sku": "a", "family": "t", "enabled": "1", "name-de_DE": "Weiß", "name-en_US": ""}
    assert kind_cells(Akeneo(), row)["name"] == "Weiß"

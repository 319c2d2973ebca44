"""PrestaShop: the back office's list, the columns of its importer, and combinations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from aisle.catalogue.exports.base import NO_PRODUCT, ExportKind, Place, RowRole, Variants
from aisle.catalogue.exports.cells import amount, denied, split, text, with_attributes
from aisle.catalogue.rejects import Cells

_ROOTS: Final = (
    "home",
    "root",
    "accueil",
    "racine",
    "inicio",
    "raíz",
    "startseite",
    "home page",
    "strona główna",
)
_NOWHERE: Final = ("none", "nowhere", "nulle part", "ninguna", "ninguno", "nessuno", "nirgends")
# English name to the beginnings of the folded headings, with what the importer adds in brackets.
_HEADINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("product id", "id product", "id produit", "id del producto", "id prodotto", "produkt id", "id"),
    "active": (
        "active 0 1",
        "actif 0 1",
        "activo 0 1",
        "attivo 0 1",
        "aktiv 0 1",
        "active",
        "status",
        "état",
        "estado",
    ),
    "name": ("name", "nom", "nombre", "nome", "nazwa", "product name"),
    "categories": (
        "categories x y z",
        "catégories x y z",
        "categorías x y z",
        "categorie x y z",
        "kategorien x y z",
        "kategorie x y z",
        "categories",
        "category",
        "catégorie",
        "categoría",
    ),
    "price with tax": (
        "price tax included",
        "price tax incl",
        "price tax excluded or price tax included",
        "prix ttc",
        "prix de vente ttc",
        "precio impuestos incluidos",
        "precio con impuestos",
        "precio imp incl",
        "final price",
    ),
    "price": (
        "price tax excluded",
        "price tax excl",
        "price without tax",
        "prix ht",
        "prix de vente ht",
        "precio impuestos excluidos",
        "precio sin impuestos",
        "precio imp excl",
        "price",
        "base price",
    ),
    "reference": (
        "reference",
        "référence",
        "référence n",
        "referencia",
        "referencia nº",
        "referencia n",
        "product reference",
        "riferimento",
    ),
    "brand": ("manufacturer", "brand", "marque", "fabricant", "fabricante", "marca", "fabricante marca"),
    "summary": ("summary", "short description", "résumé", "resumen", "récapitulatif"),
    "description": ("description", "descripción"),
    "tags": ("tags x y z", "mots clés x y z", "etiquetas x y z", "tags"),
    "images": (
        "image urls x y z",
        "url des images x y z",
        "urls des images x y z",
        "url de imágenes x y z",
        "urls de imágenes x y z",
        "image",
        "cover",
    ),
    "features": (
        "feature name value position",
        "feature name value position customized",
        "caractéristique nom valeur position",
        "caractéristique nom valeur position personnalisé",
        "característica nombre valor posición",
        "característica nombre valor posición personalizado",
    ),
    "quantity": ("quantity", "quantité", "cantidad", "qty"),
    "visibility": ("visibility", "visibilité", "visibilidad"),
    "available": (
        "available for order 0 no 1 yes",
        "disponible à la vente 0 non 1 oui",
        "disponible pour commander 0 non 1 oui",
        "disponible para pedidos 0 no 1 si",
        "disponible para pedidos 0 no 1 sí",
    ),
    "added": ("product creation date", "date de création du produit", "fecha de creación del producto"),
    "discount amount": (
        "discount amount",
        "montant de la remise",
        "valor del descuento",
        "cantidad del descuento",
    ),
    "discount percent": ("discount percent", "pourcentage de remise", "porcentaje de descuento"),
    "discount to": ("discount to yyyy mm dd", "remise jusqu au aaaa mm jj", "descuento hasta aaaa mm dd"),
    "attribute names": (
        "attribute name type position",
        "attribut nom type position",
        "atributo nombre tipo posición",
    ),
    "attribute values": ("value value position", "valeur valeur position", "valor valor posición"),
}
_ENGLISH: Final = {heading: name for name, headings in _HEADINGS.items() for heading in headings}
_ADDED: Final = re.compile(r"\s*(?:\([^)]*\))?\s*\*?$")
_TELLING: Final = re.compile(
    r"active 0 1|actif 0 1|activo 0 1|attivo 0 1|aktiv 0 1"
    r"|price tax (?:included|excluded|incl|excl)\b|prix (?:ht|ttc)$"
    r"|feature name value|image urls x y z|categories x y z|catégories x y z|categorías x y z"
    r"|attribute name type|value value position"
)


class PrestaShop(ExportKind):
    """Rows of products, and of combinations that name their product."""

    name = "prestashop"
    title = "PrestaShop product export"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("id", "reference"),
        "title": ("name",),
        "text": ("summary", "description"),
        "brand": ("brand",),
        "categories": ("categories",),
        "price": ("reduced price", "price with tax", "price"),
        "list_price": ("price with tax", "price"),
        "images": ("images",),
        "identifiers": ("reference", "ean13", "upc", "isbn", "mpn"),
        "stock": ("quantity",),
        "available": ("available",),
        "added": ("added",),
    }
    no_facets = frozenset(
        (
            "active",
            "visibility",
            "features",
            "attribute names",
            "attribute values",
            "reduced price",
            "discount *",
            "tax rules id",
            "id règle de taxe",
            "id regla de impuestos",
            "wholesale price",
            "prix d achat",
            "precio mayorista",
            "precio al por mayor",
            "on sale *",
            "en promo *",
            "en oferta *",
            "supplier*",
            "ecotax",
            "écotaxe",
            "impact on *",
            "minimal quantity",
            "low stock level",
            "send me an email *",
            "additional shipping cost",
            "unity",
            "unit price",
            "meta *",
            "url rewritten",
            "text when *",
            "product available date",
            "show price *",
            "image *",
            "delete existing *",
            "available online only *",
            "customizable *",
            "uploadable files*",
            "text fields*",
            "out of stock*",
            "virtual product*",
            "file url",
            "number of allowed downloads",
            "expiration date *",
            "number of days",
            "id name of shop",
            "advanced stock *",
            "depends on stock*",
            "warehouse",
            "accessories *",
            "delivery time *",
            "position",
            "default *",
        )
    )
    sources: Mapping[str, tuple[str, ...]] = {
        **_HEADINGS,
        "reduced price": ("price tax included", "discount amount", "discount percent"),
    }
    variants = Variants.MERGED
    whole_rows = False

    def attribute(self, column: str) -> str:
        """Without what the importer adds: ``Tags (x,y,z...)``, ``Name *``."""
        return _ADDED.sub("", column)

    def recognises(self, columns: frozenset[str]) -> bool:
        """Two headings of the importer, or the columns of the list."""
        known = {_ENGLISH.get(column, column) for column in columns}
        telling = sum(bool(_TELLING.match(column)) for column in columns)
        return {"name", "id"} <= known and (telling >= 2 or (telling == 1 and {"reference"} <= known))

    def cells(self, cells: Cells) -> Cells:
        """English names; features and combinations as attributes; what is left of the price."""
        made: Cells = {}
        for column, value in cells.items():
            name = _ENGLISH.get(column, column)
            if name == "tags":
                # Under its own name: it is shown.
                made[column] = split(value, ",")
            elif made.get(name) in (None, ""):
                made[name] = value
        attributes: dict[str, Any] = {}
        for feature in split(made.get("features"), ","):
            parts = split(feature, ":")
            if len(parts) > 1:
                attributes.setdefault(parts[0], []).append(parts[1])
        chosen = zip(
            split(made.get("attribute names"), ","), split(made.get("attribute values"), ","), strict=False
        )
        for attribute, option in chosen:
            attributes.setdefault(attribute.split(":")[0].strip(), []).append(option.split(":")[0].strip())
        made["categories"] = [
            path for one in split(made.get("categories"), ",") if (path := _below_the_root(split(one, "/")))
        ]
        made["images"] = split(made.get("images"), ",")
        made["reduced price"] = _reduced(made)
        return with_attributes(made, attributes)

    def role(self, cells: Cells) -> RowRole:
        """A row with combined attributes is a variant."""
        id_ = text(cells, "id")
        if text(cells, "attribute names"):
            own = text(cells, "reference") or "-".join((id_, *split(cells.get("attribute values"), ",")))
            return RowRole(Place.VARIANT, id_, variant=own, orphan=NO_PRODUCT)
        hidden = text(cells, "visibility").casefold() in _NOWHERE
        left_out = "not active" if denied(cells, "active") else "hidden" if hidden else ""
        return RowRole(Place.PRODUCT, id_, left_out=left_out) if id_ else RowRole(left_out=left_out)


def _below_the_root(path: list[str]) -> list[str]:
    return path[1:] if path and path[0].casefold() in _ROOTS else path


def _reduced(cells: Cells) -> float | None:
    """The price after a discount that has no end."""
    full = amount(cells, "price with tax", "price")
    until = text(cells, "discount to")
    if full is None or (until and not until.startswith("0000")):
        return None
    percent, off = amount(cells, "discount percent"), amount(cells, "discount amount")
    if percent and 0 < percent < 100:
        return round(full * (1 - percent / 100), 2)
    return round(full - off, 2) if off and 0 < off < full else None

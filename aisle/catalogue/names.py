"""What shops call the columns of their exports, field by field.

The names are those of Shopify, WooCommerce, Magento, PrestaShop, BigCommerce, Shopware, Wix, Squarespace,
Google Merchant, Meta, Amazon, Algolia, Best Buy and Akeneo, in English and as German, French, Spanish,
Italian, Dutch, Polish, Portuguese, Swedish, Danish, Norwegian, Finnish and Czech shops write them. Case,
accents, spaces and punctuation do not count, see `squeezed`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Final

from aisle.catalogue.exports.base import folded

# Letters that decomposition leaves as they are.
_LETTERS: Final = str.maketrans({"ø": "o", "æ": "ae", "ł": "l", "đ": "d", "œ": "oe"})


@lru_cache(maxsize=65_536)
def squeezed(column: str) -> str:
    """A column's name without case, accents, punctuation, spaces: ``productId`` is ``Product ID``."""
    return spaced(column).replace(" ", "")


def spaced(column: str) -> str:
    """The same with one space between its words, as far as they are written apart."""
    name = folded(column)
    if name.isascii():
        return name
    apart = unicodedata.normalize("NFKD", name.translate(_LETTERS))
    return "".join(mark for mark in apart if not unicodedata.combining(mark))


_NAMES: Final[Mapping[str, str]] = {
    # Ids, whatever else is there; and what is an id where it is on every row, and never twice.
    "sure_id": """
        id, object id, product id, item id, products id, id product, uid, uuid, guid, unique id,
        product uid, entity id, external id, retailer id, offer id, record id, article id, artikel id,
        produkt id, id produit, id article, id producto, id articulo, id prodotto, id articolo,
        id produktu, id produto, product id non editable
    """,
    "id": """
        handle, handle id, sku, product sku, item sku, seller sku, merchant sku, variant sku, sku code,
        sku number, sku id, variant id, variation id, product handle, product code sku, artikelnummer,
        artikelnr, artikel nr, artnr, bestellnummer, bestellnr, produktnummer, produktnr, sachnummer,
        article number, article no, article nr, item number, item no, item nr, product number, product no,
        product nr, part number, part no, style number, material number, catalog number, catalogue number,
        stock code, reference, ref, reference produit, ref produit, reference article, code article,
        code produit, referencia, riferimento, codice, codice articolo, codice prodotto, codigo,
        codigo de producto, codigo producto, codigo articulo, codigo do produto, productcode,
        product code, item code, article code, artikelcode, code, kod, kod produktu, indeks, symbol,
        katalogove cislo, kod zbozi, cislo produktu, kod tovaru, varenummer, varenr, vare nr, artikelkod,
        tuotenumero, tuotekoodi, tuote id, nummer, numero, number, no, nr, asin, parent asin, identifier,
        key, slug, product slug, url key, permalink slug, item group id, barcode, gtin, ean, ean 13, upc,
        isbn, isbn 13, mpn, article, post id, row id, index
    """,
    "title": """
        title, name, product title, product name, products name, item title, item name, article name,
        display name, full name, product display name, headline, heading, label, product label,
        product item name, titel, bezeichnung, artikelbezeichnung, produktbezeichnung, produktname,
        produkttitel, artikelname, artikeltitel, artikelbezeichnung 1, bezeichnung 1, benennung, artikel,
        nom, nom du produit, nom produit, nom de l article, libelle, libelle produit, designation,
        intitule, titre, titre du produit, nombre, nombre del producto, nombre producto,
        nombre del articulo, titulo, titulo del producto, denominacion, nome, nome prodotto,
        nome do produto, nome produto, titulo do produto, titolo, titolo prodotto, denominazione, naam,
        productnaam, artikelnaam, producttitel, nazwa, nazwa produktu, nazwa towaru, tytul, nazev,
        nazev produktu, nazev zbozi, jmeno, navn, produktnavn, varenavn, tittel, namn, produktnamn,
        artikelnamn, benamning, nimi, tuotenimi, tuotteen nimi, tuotteen nimi fi, otsikko, nimike,
        product, item, produkt, produit, producto, prodotto, produto, tuote, vare, short title,
        short name, model name, post title, book title, movie title, game title, caption, omschrijving,
        short description, description
    """,
    "text": """
        text, description, long description, full description, product description, item description,
        description html, html description, body, body html, body text, content, post content,
        detailed description, desc, long desc, rich text description, product long description, about,
        overview, product overview, beschreibung, langbeschreibung, lange beschreibung,
        produktbeschreibung, artikelbeschreibung, langtext, beschreibungstext, detailbeschreibung,
        description longue, descriptif, description produit, description complete, descripcion,
        descripcion larga, descripcion del producto, descrizione, descrizione lunga, descrizione estesa,
        descrizione prodotto, omschrijving, beschrijving, productomschrijving, productbeschrijving,
        lange omschrijving, opis, opis produktu, dlugi opis, opis dlugi, pelny opis, descricao,
        descricao longa, descricao do produto, descricao completa, beskrivning, produktbeskrivning,
        lang beskrivning, beskrivelse, produktbeskrivelse, lang beskrivelse, kuvaus, tuotekuvaus,
        pitka kuvaus, popis, popis produktu, dlouhy popis, podrobny popis
    """,
    "group": """
        group, item group id, group id, variant group id, variation group id, parent sku, parent id,
        parent product id, product group id, parent asin, parent item id, parent handle, parent code,
        parent, master sku, master id, master product id, configurable sku, style id, style code
    """,
    "brand": """
        brand, brand name, brands, product brand, marke, marken, markenname, manufacturer,
        manufacturer name, product manufacturer, hersteller, herstellername, vendor, vendor name, make,
        maker, marque, fabricant, marca, fabricante, produttore, costruttore, merk, merknaam, fabrikant,
        marka, producent, znacka, vyrobce, merke, varemerke, produsent, maerke, varemaerke, varumarke,
        tillverkare, leverantor, merkki, tuotemerkki, valmistaja, designer, google shopping brand
    """,
    "categories": """
        categories, category, category path, category paths, category full path, category tree,
        category hierarchy, product categories, product category, category name, category names,
        category list, categories x y z, breadcrumb, breadcrumbs, hierarchical categories, kategorien,
        kategorie, kategoriepfad, kategorienpfad, warengruppe, warengruppen, produktgruppe,
        produktkategorie, artikelgruppe, rubrik, categorie, rayon, rubrique, famille,
        categorie de produit, categoria, categorias, categoria prodotto, categorie prodotto, familia,
        seccion, departamento, reparto, categorieen, productcategorie, productgroep, kategoria,
        kategorie produktu, kategoria produktu, dzial, kategorier, produktkategori, kategori, varegruppe,
        varugrupp, produktgrupp, tuoteryhma, tuotekategoria, kategoriat, osasto, main category,
        primary category, default category, product type, product types, produkttyp, type de produit,
        tipo de producto, tipo prodotto, google product category, product category google,
        fb product category, taxonomy, collection, collections, department, section, custom product type,
        standard product type, type
    """,
    # Prices that are below another one on the same row.
    "sale_price": """
        sale price, special price, discount price, discounted price, offer price, promo price,
        promotional price, promotion price, reduced price, deal price, now price, current price,
        final price, price sale, sonderpreis, aktionspreis, angebotspreis, rabattpreis, reduzierter preis,
        prix promo, prix promotionnel, prix remise, prix solde, prix reduit, prix special, precio oferta,
        precio de oferta, precio rebajado, precio promocional, precio especial, prezzo scontato,
        prezzo offerta, prezzo in offerta, prezzo promo, prezzo speciale, aanbiedingsprijs, actieprijs,
        kortingsprijs, cena promocyjna, cena specjalna, preco promocional, preco com desconto,
        preco especial, preco de venda promocional, kampanjpris, reapris, tilbudspris, kampagnepris,
        tarjoushinta, alennettu hinta, akcni cena, cena po sleve
    """,
    "price": """
        price, pricing, unit price, selling price, sell price, your price, our price, store price,
        online price, item price, retail price, price incl tax, price including tax, price tax included,
        price inc tax,
        price with tax, preis, verkaufspreis, preis brutto, bruttopreis, brutto preis, einzelpreis,
        endpreis, stueckpreis, vk, vk brutto, prix, prix ttc, prix de vente, prix de vente ttc,
        prix unitaire, tarif, tarif ttc, precio, precio de venta, pvp, precio con iva, precio unitario,
        prezzo, prezzo di vendita, prezzo ivato, prezzo con iva, prijs, verkoopprijs, prijs incl btw,
        cena, cena brutto, cena sprzedazy, cena s dph, prodejni cena, preco, preco de venda, pris,
        utsalgspris, salgspris, forsaljningspris, pris inkl moms, hinta, myyntihinta, hinta sis alv,
        amount, price tax excluded, price excl tax, price excluding tax, preis netto, prix ht,
        prix de vente ht, cena netto, lowest price, min price, minimum price, from price
    """,
    "list_price": """
        list price, compare at price, compare price, compareat price, regular price, original price,
        old price, was price, before price, price before discount, base price, full price, standard price,
        normal price, strike price, strikethrough price, crossed price, msrp, rrp, srp,
        suggested retail price, recommended retail price, manufacturers suggested retail price,
        manufacturer suggested retail price, uvp, uvp brutto, unverbindliche preisempfehlung,
        preisempfehlung, streichpreis, listenpreis, alter preis, statt preis, normalpreis,
        regulaerer preis, regularer preis, vergleichspreis, prix barre, prix public, prix conseille,
        prix catalogue, prix normal, prix regulier, prix d origine, ancien prix, precio regular,
        precio anterior, precio original, precio de lista, precio normal, precio tachado,
        precio recomendado, prezzo di listino, prezzo originale, prezzo pieno, prezzo barrato,
        prezzo regolare, prezzo consigliato, adviesprijs, oude prijs, van prijs, vanprijs, normale prijs,
        reguliere prijs, cena katalogowa, cena regularna, stara cena, poprzednia cena, cena sugerowana,
        preco original, preco normal, preco regular, preco de tabela, preco de, preco anterior,
        ordinarie pris, ord pris, rekommenderat pris, normalpris, veiledende pris, veil pris, forpris,
        foer pris, vejledende pris, normaalihinta, suositushinta, ovh, puvodni cena, bezna cena,
        doporucena cena
    """,
    "currency": """
        currency, currency code, price currency, currency iso, iso currency, currency iso code, waehrung,
        wahrung, devise, monnaie, moneda, divisa, valuta, munteenheid, waluta, moeda, mena, valuutta
    """,
    "images": """
        images, image, image url, image urls, image link, image links, main image, main image url,
        primary image, primary image url, featured image, featured image url, image src, image source,
        img, img url, img src, picture, pictures, picture url, picture urls, photo, photos, photo url,
        photo urls, product image, product images, product image url, product image urls,
        hosted image urls, base image, default image, cover image, large image, image large,
        large image url, media, media urls, media gallery, gallery, image gallery, image file,
        product image file, product media, bild, bilder, bild url, bilder url, bildlink, bildadresse,
        produktbild, produktbilder, artikelbild, artikelbilder, hauptbild, image principale,
        cover image url, image name, image 1, url image, url de l image, lien image, lien de l image,
        images produit, imagen, imagenes, url imagen, url de imagen, imagen principal, foto, fotos,
        immagine, immagini, url immagine, immagine principale, afbeelding, afbeeldingen, afbeelding url,
        hoofdafbeelding, zdjecie, zdjecia, url zdjecia, zdjecie glowne, obrazek, obrazky, url obrazku,
        imagem, imagens, url da imagem, imagem principal, kuva, kuvat, kuvan url, tuotekuva, tuotekuvat,
        bilde, bilde url, billede, billeder, billede url, produktbillede, bildurl, image urls x y z,
        additional images, additional image, additional image link, additional image links,
        additional image url, additional image urls, gallery images, product image gallery, more images,
        other images, other image url, extra images, secondary image, secondary images, alternate images,
        alt images, weitere bilder, zusatzbilder, zusaetzliche bilder, images supplementaires,
        autres images, imagenes adicionales, immagini aggiuntive, extra afbeeldingen, dodatkowe zdjecia,
        dalsi obrazky
    """,
    "url": """
        url, link, product url, product link, item url, item link, permalink, canonical url,
        canonical link, product page url, product page, deeplink, deep link, web url, website,
        website url, href, page url, produkt url, produktlink, artikel url, lien, lien produit,
        lien du produit, url produit, enlace, enlace producto, url producto, url prodotto, link prodotto,
        url produktu, odkaz, adres url, tuotelinkki, linkki, lenke, lank, product url key, mobile link
    """,
    "identifiers": """
        identifiers, identifier, sku, skus, product sku, item sku, seller sku, merchant sku, vendor sku,
        supplier sku, variant sku, sku code, sku number, product code sku, mpn, mpns,
        manufacturer part number, manufacturer part no, manufacturer number, manufacturer sku,
        mfr part number, mfg part number, mfn, oem, oem number, model, part number, part no, partnumber,
        item model number, model number, model no, product number, product no, item number, item no,
        article number, article no, catalog number, catalogue number, style number, product code,
        item code, gtin, gtins, gtin 8, gtin 12, gtin 13, gtin 14, global trade item number, ean, eans,
        ean 8, ean 13, ean code, eancode, upc, upcs, upc a, upc code, isbn, isbn 10, isbn 13, issn, jan,
        asin, pzn, barcode, barcodes, bar code, variant barcode, barcode id, artikelnummer, artikelnr,
        artikel nr, artnr, bestellnummer, bestellnr, produktnummer, herstellernummer,
        herstellerartikelnummer, hersteller artikelnummer, hersteller nr, herstellerteilenummer,
        reference, ref, reference produit, reference fabricant, ref fabricant, reference fournisseur,
        code barres, code barre, code ean, referencia, referencia fabricante, codigo de barras,
        codigo ean, codice a barre, codice ean, codice articolo, codice produttore, artikelcode,
        fabrikantcode, kod ean, kod kreskowy, kod producenta, indeks, streckkod, stregkode, strekkode,
        viivakoodi, carovy kod, ean kod, varenummer, varenr, tuotenumero, tuotekoodi, katalogove cislo,
        google shopping mpn
    """,
    "popularity": """
        popularity, popularity score, popular, sales, sold, units sold, items sold, quantity sold,
        qty sold, total sold, total sales, sales count, sold count, num sold, number sold, order count,
        orders, total orders, purchases, purchase count, bought, bought count, verkauft, verkaufte menge,
        verkaeufe, absatz, ventes, nombre de ventes, quantite vendue, ventas, vendidos, unidades vendidas,
        vendite, venduti, verkocht, verkopen, sprzedane, sprzedaz, vendas, salda, forsaljning, solgt,
        salg, antal solgt, myydyt, myynti, prodano, prodeje, views, view count, page views, hits, clicks,
        review count, reviews count, rating count, ratings count, number of reviews, num reviews,
        number of ratings, num ratings, rating number, customer review count, total reviews, ratings total
    """,
    "rating": """
        rating, average rating, avg rating, rating average, mean rating, stars, star rating,
        review rating, rating value, review average, reviews average, review score, rating score,
        customer rating, customer review average, average review, ratings, bewertung,
        durchschnittsbewertung, sterne, kundenbewertung, note moyenne, evaluation, valoracion,
        valoracion media, puntuacion, valutazione, valutazione media, beoordeling, gemiddelde beoordeling,
        ocena, srednia ocena, avaliacao, avaliacao media, betyg, snittbetyg, vurdering, bedommelse, arvio,
        arvosana, hodnoceni
    """,
    "margin": """
        margin, profit margin, gross margin, contribution margin, marge, deckungsbeitrag, gewinnspanne,
        marge brute, margen, margine, winstmarge, marza, margem, marginal, tackningsgrad, fortjeneste,
        kate, marze
    """,
    "stock": """
        stock, stock quantity, stock level, stock qty, stock count, current stock, current stock level,
        qty, quantity, inventory, inventory quantity, inventory qty, inventory level,
        variant inventory qty, variant inventory quantity, total inventory, available quantity,
        quantity available, qty available, on hand, qty on hand, quantity on hand, units in stock,
        available stock, quantity to sell on facebook, stock available, available, lagerbestand, bestand,
        lager, lagermenge, menge, verfuegbare menge, verfugbare menge, quantite, quantite en stock,
        stock disponible, existencias, inventario, cantidad, quantita, giacenza, disponibilita magazzino,
        voorraad, aantal, stan magazynowy, ilosc, estoque, quantidade, lagersaldo, lagerstatus antal,
        lagerantall, antall, lagerantal, antal, lagerbeholdning, beholdning, varasto, varastosaldo, saldo,
        maara, sklad, skladem, mnozstvi, pocet kusu
    """,
    "available": """
        availability, availability status, in stock, instock, is in stock, stock status, available,
        is available, available for sale, purchasable, stock availability, orderable, for sale,
        verfuegbarkeit, verfugbarkeit, verfuegbar, verfugbar, lieferbar, auf lager, disponibilite,
        disponible, en stock, disponibilidad, en existencia, disponibilita, disponibile, beschikbaarheid,
        beschikbaar, op voorraad, dostepnosc, dostepny, disponibilidade, disponivel, tillganglighet,
        lagerstatus, i lager, tilgjengelighet, pa lager, tilgaengelighed, saatavuus, dostupnost, skladem
    """,
    "added": """
        added, date added, added at, added on, date add, created, created at, date created, created on,
        creation date, create date, published at, publish date, date published, published date,
        online since, launch date, post date, new from date, erstellt, erstellt am, erstelldatum,
        angelegt, angelegt am, hinzugefuegt am, date ajout, date d ajout, date de creation, fecha de alta,
        fecha alta, fecha de creacion, data inserimento, data creazione, data di creazione,
        datum toegevoegd, aangemaakt, data dodania, data utworzenia, utworzono, data de criacao,
        data de cadastro, skapad, opprettet, oprettet, luotu, lisatty, vytvoreno, datum vytvoreni,
        pridano, release date, releasedate, available date, start date
    """,
    "language": """
        language, lang, language code, content language, locale, sprache, langue, idioma, lingua, taal,
        jezyk, sprak, sprog, kieli, jazyk, product locale
    """,
    "location": """
        location, geo, geo location, geo point, geo loc, coordinates, coords, gps, gps coordinates, lat lon,
        lat lng, lat long, latitude longitude, standort, koordinaten, coordonnees, coordenadas, coordinate,
        coordinaten, wspolrzedne, koordinater, koordinaatit, souradnice
    """,
    "latitude": """
        latitude, lat, geo lat, geo latitude, gps lat, gps latitude, location lat, location latitude,
        breitengrad, latitud, latitudine, breddegrad, breddgrad, leveysaste
    """,
    "longitude": """
        longitude, lon, lng, long, geo lon, geo lng, geo long, geo longitude, gps lon, gps lng, gps long,
        gps longitude, location lon, location lng, location long, location longitude, laengengrad,
        langengrad, longitud, longitudine, lengdegrad, laengdegrad, langdgrad, pituusaste
    """,
    "attributes": """
        attributes, attribute, metadata, specs, spec, specifications, specification, properties, features,
        product attributes, product properties, product specs, product specifications, product features,
        feature, custom attributes, additional attributes, attribute values, details, product details,
        technical details, technical data, item specifics, custom fields, parameters, params, facets,
        eigenschaften, merkmale, produkteigenschaften, technische daten, spezifikationen,
        caracteristiques, attributs, fiche technique, caracteristicas, atributos, especificaciones,
        caratteristiche, attributi, specifiche, kenmerken, eigenschappen, specificaties, cechy, parametry,
        atrybuty, wlasciwosci, especificacoes, egenskaper, specifikationer, spesifikasjoner, egenskaber,
        ominaisuudet, tekniset tiedot, vlastnosti
    """,
    # Texts that stand before the others, and texts that stand behind them.
    "short_text": """
        short description, shortdescription, short desc, product short description, brief description,
        summary, excerpt, post excerpt, teaser, intro, introduction, kurzbeschreibung,
        kurzbeschreibung html, kurztext, kurze beschreibung, description courte, resume, recapitulatif,
        descripcion corta, descripcion breve, resumen, descrizione breve, breve descrizione, riepilogo,
        korte omschrijving, korte beschrijving, samenvatting, krotki opis, opis krotki, opis skrocony,
        descricao curta, descricao breve, resumo, kort beskrivning, sammanfattning, kort beskrivelse,
        sammendrag, lyhyt kuvaus, kratky popis, strucny popis
    """,
    "bullets": """
        bullet points, bullet point, bullets, bullet, features, feature, product features, key features,
        key feature, highlights, highlight, product highlights, product highlight, feature bullets,
        about this item, benefits, selling points, usp, usps, stichpunkte, produktmerkmale, points forts,
        puntos clave, caracteristicas principales, punti chiave, kenmerken, product bullet point,
        additional description, additional info, long description 2, description 2
    """,
    # Pictures that count where there are no others.
    "second_images": """
        thumbnail, thumbnail url, thumbnail image, thumb, thumb url, small image, small image url,
        image small, medium image, image medium, image thumbnail, thumbnail link, preview image,
        swatch image, vorschaubild, vignette, miniatura, miniature, miniatyr, miniatyrbild, pikkukuva,
        nahled, icon, icon url
    """,
    # Columns that are the levels of one category path, from the root.
    "level_1": """
        department, main category, maincategory, main cat, category, primary category, hauptkategorie,
        hoofdcategorie, top category, root category, parent category, categorie principale,
        categoria principal, categoria principale
    """,
    "level_2": """
        subcategory, sub category, sub cat, second category, secondary category, unterkategorie,
        subcategorie, sous categorie, subcategoria, sottocategoria, podkategoria, underkategori, alaryhma,
        podkategorie, subdepartment
    """,
    "level_3": """
        sub sub category, subsubcategory, sub subcategory, third category, subsubcategorie, product type
    """,
    # Settings of the shop, which are no property of a product; a `*` stands for any rest.
    "internal": """
        tax status, tax class, tax class id, tax class name, taxable, tax code, tax category, tax rate,
        tax rules id, vat, vat rate, backorders allowed, backorders, published, published scope,
        is featured, is featured product, visibility in catalog, visibility, date sale price starts,
        date sale price ends, sale price effective date, special price from date, special price to date,
        low stock amount, low stock level, low stock, sold individually, allow customer reviews,
        purchase note, shipping class, download limit, download expiry days, grouped products, upsells,
        cross sells, crosssells, external url, button text, position, sort order, menu order, handle,
        slug, url key, url path, url rewrite, permalink slug, seo title, seo description, seo keywords,
        meta title, meta description, meta keyword, meta keywords, meta tags, page title, search keywords,
        gift card, cost, cost price, cost per item, purchase price, wholesale price, supplier price,
        buying price, einkaufspreis, ek, ek preis, ek netto, prix achat, prix d achat, precio de compra,
        precio coste, prezzo di acquisto, inkoopprijs, cena zakupu, preco de custo, inkopspris,
        innkjopspris, indkobspris, ostohinta, nakupni cena, status, visible, is visible, hidden,
        active 0 1, active yes no, active, is active, enabled, is enabled, deleted, draft, updated,
        updated at, date updated, date modified, modified, modified at, last modified, last updated,
        date upd, timestamp, created at, created by, updated by, store view code, attribute set code,
        attribute set, attribute set id, product websites, website id, store id, shop id,
        display product options in, page layout, custom design, custom layout update, options container,
        msrp display actual price type, is qty decimal, allow backorders, min cart qty, max cart qty,
        min qty, notify stock qty, out of stock qty, manage stock, use config, variant inventory tracker,
        variant inventory policy, variant fulfillment service, variant requires shipping,
        requires shipping, variant taxable, variant weight unit, variant tax code, inventory tracker,
        inventory policy, fulfillment service, template suffix, admin graphql api id, image alt text,
        image position, image alt, alt text, image label, checkout message, theme, meta *,
        google shopping *, use config *, seo *, yoast *, rank math *, custom label *,
        additional image label *
    """,
}


@cache
def names(field: str) -> tuple[str, ...]:
    """Squeezed names of the columns of an item's field, best first."""
    found = (part.strip() for part in _NAMES[field].split(","))
    return tuple(dict.fromkeys(squeezed(part) + "*" * part.endswith("*") for part in found))


# Words that say of what a column is, and nothing of what it holds.
_OF: Final = """
    g product products item items article articles artikel produkt produkte produit produits producto
    productos articulo prodotto prodotti articolo produto produkty tuote vare variant variants variation
    offer node
"""
# Endings of localised columns. Without "id" and "no", which end other names.
_LANGUAGES: Final = """
    en de fr es it nl pl pt sv se da dk nb fi cs cz sk hu ro bg el hr sl et lv lt ru uk tr ja zh ko ar he
    hi th vi
"""
_COUNTRIES: Final = """
    us gb uk ca au nz ie de at ch fr be es mx ar it nl pl pt br se dk no fi cz sk hu ro gr hr si ee lv lt
    ru ua tr jp cn tw kr in lu co cl pe za sg
"""
_SCOPES: Final = """
    ecommerce print mobile default web online global eur usd gbp chf sek nok dkk pln czk cad aud
"""
_DIGITS: Final = re.compile(r"\s*\d{1,3}$")


@cache
def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


@lru_cache(maxsize=65_536)
def spellings(column: str) -> tuple[str, ...]:
    """The name, squeezed, and shorter forms of it, the nearest first.

    ``Product Brand`` is ``brand`` too, and ``name-en_US`` is ``name``.
    """
    of, languages, countries, scopes = map(_words, (_OF, _LANGUAGES, _COUNTRIES, _SCOPES))
    words = spaced(column).split()
    found = ["".join(words)]
    while len(words) > 1 and words[-1] in scopes:
        words = words[:-1]
        found.append("".join(words))
    if len(words) > 2 and words[-2] in languages and words[-1] in countries:
        words = words[:-2]
        found.append("".join(words))
    elif len(words) > 1 and words[-1] in languages:
        words = words[:-1]
        found.append("".join(words))
    while len(words) > 1 and words[0] in of:
        words = words[1:]
        found.append("".join(words))
    return tuple(dict.fromkeys(found))


_CODES: Final = (
    "sku skus mpn mpns gtin gtins ean eans upc upcs isbn isbns asin asins barcode barcodes part code"
)
_OF_CODES: Final = """
    mfr mfg manufacturer manufacturers maker oem vendor supplier seller merchant model number numbers no nr
    num id 8 10 12 13 14
"""


def names_codes(column: str) -> bool:
    """Whether a name of several words is made of such for codes alone: ``Mfr. Part #``, ``EAN/UPC``."""
    words = set(spaced(column).split())
    codes = _words(_CODES)
    return len(words) > 1 and not words.isdisjoint(codes) and words <= codes | _words(_OF_CODES)


def numbered(column: str) -> tuple[str, int] | None:
    """``Image 3`` as ``image`` and 3, squeezed; None for a name without a number at its end."""
    name = spaced(column)
    match = _DIGITS.search(name)
    if match is None or not match.start():
        return None
    return name[: match.start()].replace(" ", ""), int(match[0])

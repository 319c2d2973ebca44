"""What shoppers type and shops write otherwise, on a real node: numbers, spacing, forms, part numbers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aisle.cluster import Cluster
from aisle.mappings import BM25
from aisle.search import Filters, MatchType, SearchClient
from aisle.types import Item
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf

INDEX = "test-words"
ITEMS = (
    Item("towel-teal", "Bath Towel Cotton", attributes={"Colour": ("Teal",), "Machine washable": ("Yes",)}),
    Item("towel-grey", "Bath Towel Linen", attributes={"Colour": ("Grey",), "Machine washable": ("No",)}),
    Item("mug-usa", "Team USA Mug"),
    Item("RS-25-48", "Rotary sander"),
    Item("vise", "Bench vise", attributes={"MPN": ("1222-HD99",), "Fits": ("Maker bench", "Home bench")}),
    Item("kettle", "Steel kettle", identifiers=("0036000291452", "73513537", "0306406152")),
    Item("75192", "Toaster with two slots"),
    Item("falcon", "Millennium Falcon 75192"),
    Item("falcon-case", "Showcase of glass", identifiers=("75192",)),
    Item("62110", "Iron with steam"),
    Item("51413", "Small oven"),
    Item("fighter", "Starfighter 62110"),
    Item("bolt-10", "Hex bolt, zinc, 10mm"),
    Item("bolt-12", "Hex bolt 12 mm"),
    Item("bulb-800", "LED bulb 800 Lumens", text="E27"),
    Item("bulb-1200", "LED bulb 1,200 Lumens", text="E27"),
    Item("pail-5", "Pail with lid 5 gal."),
    Item("pail-2", "Pail with lid 2 gal."),
    Item("pipe-half", "Copper pipe 1/2 in. x 10 ft."),
    Item("pipe-three", "Copper pipe 3/4 in. x 10 ft."),
    Item("elbow", "Elbow fitting", attributes={"Width": ("½ inch",)}),
    Item("t-shirt", "Plain T-Shirt"),
    Item("sweatshirt", "Plain sweat shirt"),
    Item("router", "Wi-Fi router"),
    Item("phones", "Headphones over ear"),
    Item("phone", "Phone with a large screen"),
    Item("console-5", "PlayStation5 with controller"),
    Item("console-4", "PlayStation4 with controller"),
    Item("hat-woman", "Woman Winter Hat"),
    Item("hat-man", "Man Winter Hat"),
    Item("knife", "Chef knife"),
    Item("shelf", "Corner shelf"),
    Item("scarves", "Silk scarves"),
    Item("on", "Cloud Running Shoes for the road, light and soft", brand="On"),
    Item("adidas", "Running Shoes", brand="Adidas"),
    Item("ordinary", "Niacinamide serum", brand="The Ordinary"),
    Item("it", "Niacinamide cream for the face and the neck", brand="IT"),
    Item("cream", "Niacinamide cream", brand="Nivea"),
    Item("loreal", "Shampoo for dry hair", brand="L'Oréal Paris"),
    Item("dove", "Shampoo for dry hair", brand="Dove"),
    Item("mms", "M&M's peanut", brand="M&M's"),
    Item("peanut", "Salted peanut"),
    Item("hm", "Linen blazer with two buttons", brand="H&M"),
    Item("blazer", "Linen blazer", brand="Zara"),
    Item("att", "Prepaid card", brand="AT&T"),
    Item("card", "Prepaid card", brand="Verizon"),
    Item("jeans", "501 jeans", brand="Levi's"),
    Item("tape", "Duct tape, the very strong one", brand="3M"),
    Item("duct", "Duct tape", brand="Gorilla"),
    Item("llbean", "Canvas tote, large", brand="L.L.Bean"),
    Item("tote", "Canvas tote", brand="Other"),
    Item("cafe", "Café table"),
    Item("case-leather", "Phone case", attributes={"Material": ("Leather",)}),
    Item("case-silicone", "Phone case", attributes={"Material": ("Silicone",)}),
    Item("case-wallet", "Phone case with leather wallet"),
    Item("freezer", "Freezer -20 degrees"),
)


@pytest.fixture(scope="module", params=[1, 3])
def shop(client: Cluster, request: pytest.FixtureRequest) -> Iterator[SearchClient]:
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    put_shelf(client, INDEX, ITEMS, shards=request.param)
    yield SearchClient(client, INDEX, HashEncoder())
    client.indices.delete(index=INDEX)


def found(shop: SearchClient, query: str) -> list[str]:
    page = shop.search(query, legs=[BM25], size=30)
    assert page.corrected is None, page.corrected
    return [hit.item.id for hit in page.hits]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("teal towel", "towel-teal"),
        ("TEAL", "towel-teal"),
        ("machine washable towel", "towel-teal"),
        ("10 mm bolt", "bolt-10"),
        ("10mm bolt", "bolt-10"),
        ("1 cm bolt", "bolt-10"),
        ("12mm hex bolt", "bolt-12"),
        ("1200 lumens bulb", "bulb-1200"),
        ("1200lm bulb", "bulb-1200"),
        ("5 gallon pail", "pail-5"),
        ("5-gal pail", "pail-5"),
        ("20 quart pail with lid", "pail-5"),
        ("1/2 inch pipe", "pipe-half"),
        ("0.5 in pipe", "pipe-half"),
        ("½\" pipe", "pipe-half"),
        ("120 inch 3/4 in pipe", "pipe-three"),
        ("0.5\" elbow", "elbow"),
        ("tshirt", "t-shirt"),
        ("t shirt", "t-shirt"),
        ("sweatshirt", "sweatshirt"),
        ("wifi router", "router"),
        ("wifi", "router"),
        ("head phones", "phones"),
        ("playstation 5", "console-5"),
        ("play station 5", "console-5"),
        ("PLAYSTATION 4", "console-4"),
        ("women hat", "hat-woman"),
        ("women's hats", "hat-woman"),
        ("men hat", "hat-man"),
        ("knives", "knife"),
        ("shelves", "shelf"),
        ("scarf", "scarves"),
        ("on running shoes", "on"),
        ("running shoes by On", "on"),
        ("the ordinary", "ordinary"),
        ("it niacinamide cream", "it"),
        ("l oreal shampoo", "loreal"),
        ("loreal shampoo", "loreal"),
        ("l'oreal shampoo", "loreal"),
        ("L\u2019Or\u00e9al shampoo", "loreal"),
        ("Lore\u0301al shampoo", "loreal"),
        ("m&ms peanut", "mms"),
        ("mms peanut", "mms"),
        ("h&m linen blazer", "hm"),
        ("hm linen blazer", "hm"),
        ("H & M linen blazer", "hm"),
        ("at&t prepaid card", "att"),
        ("att prepaid card", "att"),
        ("levis", "jeans"),
        ("levi jeans", "jeans"),
        ("3m duct tape", "tape"),
        ("3 M duct tape", "tape"),
        ("ll bean canvas tote", "llbean"),
        ("l l bean canvas tote", "llbean"),
        ("L.L. Bean canvas tote", "llbean"),
        ("cafe table", "cafe"),
        ("cafe\u0301 table", "cafe"),
    ],
)  # fmt: skip
def test_it_comes_first_by_words_and_nothing_is_corrected(shop: SearchClient, query: str, first: str) -> None:
    assert found(shop, query)[:1] == [first]


@pytest.mark.parametrize(
    ("query", "item"),
    [
        *((query, "RS-25-48") for query in ("rs-25-48", "RS2548", "RS 25 48", "rs_25.48", "sander RS 25-48")),
        ("bosch rs 25 48", "RS-25-48"),
        *((query, "vise") for query in ("1222HD99", "1222-hd99", "1222 HD99", "vise 1222hd99")),
        *(
            (query, "kettle")
            for query in ("036000291452", "36000291452", "00036000291452", "0 36000 29145 2")
        ),
        *((query, "kettle") for query in ("0306406152", "9780306406157", "0000073513537")),
    ],
)
def test_an_identifier_in_any_spelling_names_its_item(shop: SearchClient, query: str, item: str) -> None:
    # Of the neighbours of a made-up vector too, none goes before it.
    page = shop.search(query)
    assert page.hits[0].item.id == item
    assert page.path is MatchType.EXACT


def test_an_id_that_is_the_number_of_others_too(shop: SearchClient) -> None:
    page = shop.search("75192")
    assert [hit.item.id for hit in page.hits[:2]] == ["75192", "falcon-case"]
    assert "falcon" in [hit.item.id for hit in page.hits]
    assert page.total > 2
    words = found(shop, "75192")
    assert words[:3] == ["75192", "falcon-case", "falcon"]


def test_a_number_among_words_is_what_items_say_before_it_is_an_id(shop: SearchClient) -> None:
    assert shop.search("bricks 62110").hits[0].item.id == "fighter"
    assert shop.search("falcon 75192").hits[0].item.id == "falcon-case"
    # Where no item says it, it is the id.
    assert shop.search("steam 51413").hits[0].item.id == "51413"


def test_a_filter_takes_an_identifier_in_any_spelling(shop: SearchClient) -> None:
    page = shop.search("kettle towel", legs=[BM25], filters=Filters(identifiers=("36000291452",)))
    assert [hit.item.id for hit in page.hits] == ["kettle"]


def test_a_contradicting_number_counts_against_an_item_and_does_not_hide_it(shop: SearchClient) -> None:
    assert set(found(shop, "10 mm hex bolt")[:2]) == {"bolt-10", "bolt-12"}
    assert found(shop, "10 mm hex bolt")[:2] == ["bolt-10", "bolt-12"]
    # "12 mm" says as much of the words, so that only the number can tell them apart.
    plain = {hit.item.id: hit.score for hit in shop.search("hex bolt", legs=[BM25]).hits}
    against = {hit.item.id: hit.score for hit in shop.search("hex bolt 11 mm", legs=[BM25]).hits}
    assert plain and against


@pytest.mark.parametrize(
    "query",
    ["phone case -leather", "phone case without leather", "-Leather phone case", "case without the leather"],
)
def test_what_the_query_takes_out_is_left_out_and_said(shop: SearchClient, query: str) -> None:
    for legs in ([BM25], None):
        page = shop.search(query, legs=legs, size=100)
        found = {hit.item.id for hit in page.hits}
        assert "case-silicone" in found and not found & {"case-leather", "case-wallet"}
        assert [word.lower() for word in page.excluded] == ["leather"]
        assert page.to_json()["excluded"] == list(page.excluded)
    typed = shop.search(query, negation=False, size=100)
    assert {"case-leather", "case-wallet"} <= {hit.item.id for hit in typed.hits} and typed.excluded == ()


def test_words_can_be_excluded_beside_the_query(shop: SearchClient) -> None:
    page = shop.search("router towel", legs=[BM25], exclude=("wifi", "grey"))
    assert [hit.item.id for hit in page.hits] == ["towel-teal"]
    assert page.excluded == ("wifi", "grey")


def test_a_word_that_is_spaced_otherwise_is_not_corrected_into_another(shop: SearchClient) -> None:
    for query in ("wifi", "tshirt", "sweatshirt", "head phones", "5 gallon", "loreal", "teal"):
        assert shop.search(query, legs=[BM25]).corrected is None, query
    typo = shop.search("shampo", legs=[BM25])
    assert typo.corrected is not None and typo.corrected.text == "shampoo"

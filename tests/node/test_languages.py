"""Small catalogues in other languages: what shoppers type is found, and what is not meant is not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from opensearchpy import helpers

from aisle.catalogue.languages import with_languages
from aisle.cluster import Cluster
from aisle.mappings import IndexMeta, IndexSettings, Synonyms, index_body
from aisle.mappings.document import document
from aisle.mappings.languages import LANGUAGES
from aisle.search import Bm25Leg, SearchClient, read_live
from aisle.types import Item
from tests.support.command import Done, here

Patch = pytest.MonkeyPatch
Capture = pytest.CaptureFixture[str]
Shop = Callable[[str], SearchClient]

TITLES = {
    "de": [
        *("Esstisch aus Eiche", "Gartenstuhl, praktisch", "Stühle für die Küche", "Schöne Häuser für Vögel"),
        *("Weiße Straßenschuhe", "Akku-Bohrmaschine", "Holzgartentisch", "Tisch rund", "Garten und Holz"),
        *("Stuhl", "Schuhe"),
    ],
    "nl": [
        "Robotstofzuiger Roborock",
        "Stofzuiger met zak",
        "Eettafel van eiken",
        "Wandafzuigkap inox",
        "Rode tafels",
        "Praktische kast",
    ],
    "fr": ["L'Oréal crème pour le visage", "Chaises d'extérieur en bois", "Lampe à poser", "Chevaux de bois"],
    "es": ["Zapatos rojos para niños", "Mesa de jardín", "Sillones de piel", "Luces LED"],
    "hi": ["लाल लकड़ी की मेज", "नीली कुर्सियाँ", "लकड़ी का बक्सा"],
    "th": ["โต๊ะไม้สีแดง", "เก้าอี้สีน้ำเงิน", "ตู้เสื้อผ้าไม้"],
    "ar": ["طاولة خشبية حمراء", "كرسي المكتب", "طاولات زجاج"],
    "ja": ["赤いテーブル", "木製の椅子", "ソニー WH-1000XM4 ヘッドホン", "机"],
    "tr": ["IŞIKLI AYAKKABI", "Ahşap masa", "Sandalyeler", "iPhone kılıfı"],
    "sv": ["Robotdammsugare", "Dammsugare med påse", "Matbord i ek", "Röda stolar"],
    "pl": ["Stół drewniany", "Czerwone krzesła"],
}
GERMAN_AND_ENGLISH = [
    Item("de-1", "Häuser für Vögel", brand="Emsa", language="de-AT"),
    Item("de-2", "Stühle aus Holz", language="de"),
    Item("en-1", "Wooden chairs", brand="Emsa", language="en"),
    Item("en-2", "Bird house", language="en-GB"),
    Item("en-3", "The table for the garden", language="en"),
]


@pytest.fixture(scope="module")
def shops(client: Cluster) -> Iterator[Shop]:
    """A client of the catalogue in a language."""
    made: dict[str, SearchClient] = {}

    def shop(code: str) -> SearchClient:
        if code not in made:
            items = [Item(f"i{n}", title) for n, title in enumerate(TITLES[code])]
            made[code] = put(client, f"languages-{code}", items, (code,))
        return made[code]

    yield shop
    client.indices.delete(index="languages-*", allow_no_indices=True)


def put(
    client: Cluster, index: str, items: Sequence[Item], languages: tuple[str, ...], *synonyms: str
) -> SearchClient:
    found, stream = with_languages(items, languages)
    settings = IndexSettings(
        languages=found.codes, dictionaries=found.dictionaries, synonyms=Synonyms(synonyms)
    )
    meta = IndexMeta(index, {}, "lucene", (), features=settings.features)
    client.indices.delete(index=index, ignore_unavailable=True)
    client.indices.create(index=index, body=index_body(settings, meta))
    actions = ({"_index": index, "_id": item.id, **document(item, {})} for item in stream)
    helpers.bulk(client, actions, refresh=True)
    return SearchClient(client, index, legs=[Bm25Leg()])


def titles(shop: SearchClient, query: str) -> list[str]:
    return [hit.item.title for hit in shop.search(query).hits]


@pytest.mark.parametrize(
    ("code", "query", "found"),
    [
        ("de", "haus", {"Schöne Häuser für Vögel"}),
        ("de", "kueche stuehle", {"Stühle für die Küche", "Stuhl", "Gartenstuhl, praktisch"}),
        ("de", "weisse", {"Weiße Straßenschuhe"}),
        ("de", "STRASSENSCHUH", {"Weiße Straßenschuhe"}),
        ("de", "die für", set()),
        # The ends of "Esstisch" and "Holzgartentisch" are tables; "praktisch" is none.
        ("de", "tisch", {"Esstisch aus Eiche", "Holzgartentisch", "Tisch rund"}),
        ("de", "schuh", {"Weiße Straßenschuhe", "Schuhe"}),
        ("nl", "stofzuiger", {"Robotstofzuiger Roborock", "Stofzuiger met zak"}),
        ("nl", "stofzuigers", {"Robotstofzuiger Roborock", "Stofzuiger met zak"}),
        # No item has it alone.
        ("nl", "afzuigkap", {"Wandafzuigkap inox"}),
        ("nl", "tafel", {"Eettafel van eiken", "Rode tafels"}),
        ("fr", "oreal", {"L'Oréal crème pour le visage"}),
        ("fr", "cheval", {"Chevaux de bois"}),
        ("fr", "l’extérieur", {"Chaises d'extérieur en bois"}),
        ("es", "zapato nino", {"Zapatos rojos para niños"}),
        ("es", "jardin", {"Mesa de jardín"}),
        ("es", "sillon", {"Sillones de piel"}),
        ("hi", "मेज", {"लाल लकड़ी की मेज"}),
        ("hi", "कुर्सी", {"नीली कुर्सियाँ"}),
        ("hi", "लकडी", {"लाल लकड़ी की मेज", "लकड़ी का बक्सा"}),
        ("th", "ไม้", {"โต๊ะไม้สีแดง", "ตู้เสื้อผ้าไม้"}),
        ("th", "โต๊ะ", {"โต๊ะไม้สีแดง"}),
        ("ar", "الطاولة", {"طاولة خشبية حمراء", "طاولات زجاج"}),
        ("ar", "مكتب", {"كرسي المكتب"}),
        ("ja", "テーブル", {"赤いテーブル"}),
        ("ja", "椅子", {"木製の椅子"}),
        ("ja", "机", {"机"}),
        ("ja", "ｗｈ-1000xm4", {"ソニー WH-1000XM4 ヘッドホン"}),
        ("tr", "ışıklı", {"IŞIKLI AYAKKABI"}),
        ("tr", "isikli", {"IŞIKLI AYAKKABI"}),
        ("tr", "iphone kilif", {"iPhone kılıfı"}),
        ("tr", "sandalye", {"Sandalyeler"}),
        ("sv", "dammsugare", {"Robotdammsugare", "Dammsugare med påse"}),
        ("sv", "rod stol", {"Röda stolar"}),
        ("pl", "stol", {"Stół drewniany"}),
    ],
)
def test_what_shoppers_type_is_found(shops: Shop, code: str, query: str, found: set[str]) -> None:
    assert set(titles(shops(code), query)) == found


@pytest.mark.parametrize("code", ["hi", "th", "ja", "de"])
@pytest.mark.parametrize(
    "query", ["wooden table", "赤いテーブル", "โต๊ะไม้", "лампа", "طاولة", "लकड़ी", 'Straße 3/4" €', "机"]
)
def test_a_query_in_another_language_is_answered(shops: Shop, code: str, query: str) -> None:
    page = shops(code).search(query)
    # None of these is a misspelt word of another script.
    assert page.corrected is None


@pytest.mark.parametrize(
    ("code", "query"), [("ja", "赤い椅子" * 400), ("th", "โต๊ะไม้" * 200), ("hi", "लाल लकड़ी मेज " * 600)]
)
def test_long_queries_are_cut_where_words_end(shops: Shop, code: str, query: str) -> None:
    # A sign that stands on a letter is no word of its own: 1,800 words are no more than 2,000.
    assert shops(code).search(query).hits


def test_words_are_corrected_with_the_words_of_the_language(shops: Shop) -> None:
    page = shops("de").search("stühel")
    assert page.corrected is not None and page.corrected.text in ("stühle", "stuhl")
    # A form of a word that is there, and a part of a compound, are no typing errors.
    for known in ("tische", "stuhles", "hauses", "eichen"):
        assert shops("de").search(known).corrected is None, known
    # Nor is the end of a compound.
    assert shops("sv").search("matborden").corrected is None
    assert [hit.item.id for hit in shops("de").search("maschine").hits] == ["i5"]


def test_each_item_is_searched_in_every_language_of_the_catalogue(client: Cluster, shops: Shop) -> None:
    shop = put(client, "languages-both", GERMAN_AND_ENGLISH, ())
    assert shop.search("chair").hits[0].item.id == "en-1"
    assert shop.search("haus vogel").hits[0].item.id == "de-1"
    assert {hit.item.id for hit in shop.search("houses").hits} == {"en-2"}
    assert {hit.item.id for hit in shop.search("stuhl").hits} == {"de-2"}
    assert {hit.item.id for hit in shop.search("emsa").hits} == {"de-1", "en-1"}
    for known in ("vogel", "stuhl", "chair", "gardens"):
        assert shop.search(known).corrected is None, known
    found, _ = with_languages(GERMAN_AND_ENGLISH, ())
    assert (found.codes, found.how) == (("en", "de"), "as its items say")
    # As many words as a query may have, in two languages.
    assert shop.search("haus " * 1_999).hits


def test_synonyms_are_of_the_language(client: Cluster, shops: Shop) -> None:
    shop = put(
        client,
        "languages-synonyms",
        GERMAN_AND_ENGLISH,
        ("de", "en"),
        "Sessel, Stühle",
        "Gerät für Vögel, Haus",
    )
    assert {hit.item.id for hit in shop.search("sessel").hits} == {"de-2"}
    assert {hit.item.id for hit in shop.search("gerät für vögel").hits} == {"de-1"}


def test_the_commands_find_the_language_out_and_keep_it(
    node_url: str, client: Cluster, name: str, tmp_path: Path, monkeypatch: Patch, capfd: Capture
) -> None:
    def aisle(*arguments: str) -> Done:
        done = here(monkeypatch, capfd, *arguments, AISLE_URL=node_url, AISLE_HOME=str(tmp_path / "home"))
        assert done.code == 0, done
        return done

    monkeypatch.chdir(tmp_path)
    rows = [{"_id": f"i{n}", "title": title} for n, title in enumerate(TITLES["de"])]
    Path("laden.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    made = aisle("index", "laden.jsonl", "--name", name, "--encoder", "none", "--skip-check", "--json")
    said = "German (guessed from 11 items)"
    assert json.loads(made.out)["languages"] == said
    assert f"note: the catalogue is searched in {said}; name others with --language" in made.err
    assert read_live(client, name).meta.features.languages == ("de",)

    # Changes and dead letters go into the language of the release; new compounds of known words are told.
    Path("neu.jsonl").write_text('{"op": "upsert", "id": "n1", "title": "Klapptische"}\n')
    aisle("update", name, "neu.jsonl", "--refresh")
    Path("letters.jsonl").write_text(
        '{"line": 9, "position": null, "id": "", "reason": "no title", "attempts": 1,'
        ' "row": {"_id": "n2", "title": "Ein Beistelltisch"}}\n'
    )
    aisle("index", "--replay", "letters.jsonl", "--name", name)
    client.indices.refresh(index=name)
    found = json.loads(aisle("search", "tisch", "--name", name, "--legs", "bm25", "--json").out)
    assert {"n1", "n2"} <= {hit["item"]["id"] for hit in found["hits"]}

    dry = aisle("index", "laden.jsonl", "--name", name, "--encoder", "none", "--language", "nl", "--dry-run")
    assert "language: Dutch (as given)" in dry.out


def test_every_language_can_be_indexed(client: Cluster, shops: Shop) -> None:
    every = [Item(code, f"{language.name} 42 abc") for code, language in LANGUAGES.items()]
    codes = list(LANGUAGES)
    for start in range(0, len(codes), 8):
        shop = put(client, "languages-all", every, tuple(codes[start : start + 8]), "abc, xyz")
        counted = Counter(hit.item.title for hit in shop.search("xyz", size=50).hits)
        assert len(counted) == len(every), codes[start : start + 8]

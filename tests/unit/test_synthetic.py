"""The generated catalogue: whole, exact, the same for the same seed, and hard in the ways that it claims."""

import json
from collections import Counter
from pathlib import Path

import pytest

from aisle.catalogue import read_catalogue
from aisle.catalogue.rejects import Rejects
from aisle.errors import InputError
from aisle.evaluation import answerable, read_judged_set
from aisle.testing.synthetic import SyntheticOptions, write_synthetic
from aisle.testing.synthetic.products import Product, load_tables, make_products
from aisle.testing.synthetic.questions import Question, grade
from aisle.testing.synthetic.write import make_items
from aisle.types import Item

SOFA = Product(
    "s1", "sofa", "Home", "Norvik", "Aero", "corner", "linen", "AB-1000", "AB-1000A", "red", "80 cm", 9.99
)
FILES = ["README.md", "corpus.jsonl", "qrels/dev.tsv", "queries.jsonl", "synthetic.json"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_synthetic(tmp_path_factory.mktemp("made") / "demo").folder


@pytest.fixture(scope="module")
def items(folder: Path) -> list[Item]:
    rejects = Rejects()
    found = list(read_catalogue(folder, rejects=rejects))
    assert rejects.count == 0
    return found


def test_it_is_big_varied_and_says_that_it_is_synthetic(folder: Path, items: list[Item]) -> None:
    judged = read_judged_set(folder)
    assert len(items) == 6_000
    assert len({item.title for item in items}) > 5_700
    assert len({item.categories for item in items}) == 10
    assert len(judged.queries) >= 150
    assert len(answerable(judged.qrels)) == len(judged.queries)
    grades = Counter(grade for row in judged.qrels.values() for grade in row.values())
    assert min(grades[i] for i in range(4)) > 500
    assert {item for row in judged.qrels.values() for item in row} <= {item.id for item in items}
    assert "synthetic" in (folder / "README.md").read_text()
    texts = {query.text for query in judged.queries}
    assert {"something to keep coffee hot", "fry eggs without them sticking"} <= texts


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    options = SyntheticOptions(products=1_000, seed=3)
    first, again = (
        write_synthetic(tmp_path / "a", options).folder,
        write_synthetic(tmp_path / "b", options).folder,
    )
    other = write_synthetic(tmp_path / "c", SyntheticOptions(products=1_000, seed=4)).folder
    for name in FILES:
        assert (first / name).read_bytes() == (again / name).read_bytes()
    for name in FILES[1:3]:
        assert (first / name).read_bytes() != (other / name).read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b", "c"]


def test_no_product_has_the_synonyms_of_its_type() -> None:
    tables = load_tables()
    products = make_products(tables, 2_000, 0)
    types = {kind.name: kind for kind in tables.types}
    for product, item in zip(products, make_items(tables, products, 0), strict=True):
        words = f"{item.title} {item.text}".lower()
        for synonym in types[product.type].synonyms:
            assert synonym.lower() not in words, (synonym, words)


def test_models_are_unique_and_variants_differ() -> None:
    products = make_products(load_tables(), 6_000, 0)
    assert len({product.model for product in products}) == len({product.id for product in products}) == 6_000
    for product in products:
        assert product.model[:-1] == product.line
        assert product.price > 0


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, 3),
        ({"model": "AB-1000A"}, 3),
        ({"model": "AB-1000B"}, 2),
        ({"model": "AB-2000A"}, 0),
        ({"colour": "red"}, 3),
        ({"colour": "teal"}, 1),
        ({"colour": "teal", "material": "linen"}, 2),
        ({"colour": "teal", "material": "velvet"}, 1),
        ({"brand": "Oakmere", "material": "linen"}, 1),
        ({"brand": "Norvik", "material": "linen"}, 3),
    ],
)
def test_grades(wanted: dict[str, str], expected: int) -> None:
    assert grade(Question("any", "text", frozenset(("sofa",)), wanted=wanted), SOFA) == expected


def test_grades_of_related_and_foreign_types() -> None:
    chairs = frozenset(("armchair",))
    assert grade(Question("use", "t", chairs, frozenset(("sofa",))), SOFA) == 1
    assert grade(Question("brand", "t", chairs, frozenset(("sofa",)), {"brand": "Norvik"}), SOFA) == 0
    assert grade(Question("use", "t", chairs), SOFA) == 0


def test_a_synthetic_folder_is_replaced_and_any_other_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "set"
    write_synthetic(target, SyntheticOptions(products=1_000))
    write_synthetic(target, SyntheticOptions(products=1_001))
    assert json.loads((target / "synthetic.json").read_bytes())["products"] == 1_001
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    with pytest.raises(InputError, match="holds something else"):
        write_synthetic(tmp_path / "mine", SyntheticOptions(products=1_000))
    with pytest.raises(InputError, match="holds something else"):
        write_synthetic(tmp_path / "mine" / "notes.txt", SyntheticOptions(products=1_000))
    assert (tmp_path / "mine" / "notes.txt").read_text() == "keep"


def test_options_are_checked() -> None:
    with pytest.raises(InputError, match="cannot make 10 products"):
        SyntheticOptions(products=10)

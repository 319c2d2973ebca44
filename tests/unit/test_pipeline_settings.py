"""What a pipeline's file may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from aisle._pipeline import write_example
from aisle.errors import InputError
from aisle.pipeline.settings import read_settings

SHOP = 'name = "shop"\ncatalogue = "products.csv"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "products.csv").write_text("id,title\n1,lamp\n")
    (tmp_path / "judged").mkdir()
    (tmp_path / "orders.csv").write_text("user,item\n1,1\n")
    return tmp_path / "pipeline.toml"


def test_paths_are_relative_to_the_file(file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AISLE_HOME", str(tmp_path / "home"))
    (tmp_path / "syn.txt").write_text("sofa, couch\n")
    (tmp_path / "g.toml").write_text("segment_drop = 0.03\n")
    file.write_text(
        SHOP
        + 'judged = "judged"\nregistry = "s3://models/aisle"\n[train.sparse]\nepochs = 2\n[train.encoder]\n'
        'base = "./mine"\nepochs = "4,1"\n[index]\nsynonyms = "syn.txt"\nfacets = ["Colour"]\n'
        '[gate]\npolicy = "g.toml"\n'
    )
    found = read_settings(file)
    assert found.sources == {"catalogue": str(tmp_path / "products.csv"), "judged": str(tmp_path / "judged")}
    assert found.work == tmp_path / "home" / "pipelines" / "shop" and found.registry == "s3://models/aisle"
    # In the order in which they are trained.
    assert list(found.train) == ["encoder", "sparse"]
    assert found.train["encoder"] == {"base": str(tmp_path / "mine"), "epochs": "4,1"}
    assert found.index == {"synonyms": str(tmp_path / "syn.txt"), "facets": ["Colour"]}
    assert found.gate == {"policy": str(tmp_path / "g.toml")} and found.split == "dev"


@pytest.mark.parametrize(
    ("text", "said", "fix"),
    [
        ('name = "shop"\n', "needs a name and a catalogue", "products.csv"),
        ("name = shop\n", "is no TOML", 'name = "shop"'),
        ('name = "Shop"\ncatalogue = "products.csv"\n', "lower case", "shop"),
        ('name = "shop"\ncatalogue = "none.csv"\n', "no such file", "relative to"),
        ('name = "shop"\ncatalogue = "-"\n', "not the same each time", "save it"),
        ('name = "shop"\ncatalogue = "hub:me/set"\n', "not the same each time", "save it"),
        (SHOP + 'colour = "red"\n', "has no 'colour'", "judged, orders"),
        (SHOP + 'work = "orders.csv"\n', "orders.csv is a file, and no folder to work in", 'work = "..."'),
        (SHOP + 'work = "orders.csv/deep"\n', "orders.csv is a file", 'work = "..."'),
        (SHOP + 'index = "shop"\n', "index is a table", "[index]"),
        (SHOP + "registry = 3\n", "registry is a text", 'registry = "..."'),
        (SHOP + "[index]\nstage = false\n", "index: option 'stage' is decided by the pipeline", "keep"),
        (SHOP + "[index]\nkeeep = 1\n", "index: option 'keeep' there is not", "keep"),
        (SHOP + '[index]\nkeep = "many"\n', "index: keep = 'many' cannot be", "aisle.index"),
        (SHOP + '[gate]\npolicy = "none.toml"\n', "gate: policy is no such file", "leave the line out"),
        (SHOP + '[gate]\npolicy = "orders.csv"\n', "orders.csv is no TOML", "lines like"),
        (SHOP + '[index]\nsynonyms = "none.txt"\n', "index: synonyms is no such file", "relative to"),
        (SHOP + "[gate]\nsample = [1]\n", "gate: sample = [1] cannot be", "aisle.gate_release"),
        (SHOP + "[train.encoder]\n", "[train.encoder] reads judged", 'judged = "..."'),
        (SHOP + "[train.ranker]\n", "[train.ranker] reads judged", 'judged = "..."'),
        (
            SHOP + 'judged = "judged"\n[train.ranker]\n[bind]\nranker = "mine"\n',
            "[bind] ranker names what this pipeline makes",
            "leave it out",
        ),
        (
            SHOP + 'judged = "judged"\n[train.ranker]\nsplit = "dev"\n',
            "would learn the judgments that the gate asks: dev",
            "another split",
        ),
        (SHOP + "[train.recommender]\n", "[train.recommender] reads orders", 'orders = "..."'),
        (SHOP + "[train.drill]\n", "train.drill is no table", "[train.encoder]"),
        (
            SHOP + 'orders = "orders.csv"\n[train.router]\n',
            "trained for a recommender",
            "[train.recommender]",
        ),
        (
            SHOP + 'judged = "judged"\n[train.encoder]\n[export]\nmodel = "x"\n',
            "both make the encoder",
            "leave one of them out",
        ),
        (
            SHOP + 'judged = "judged"\n[train.encoder]\n[index]\nencoder = "mine"\n',
            "names what this pipeline makes",
            "leave it out",
        ),
    ],
)
def test_what_cannot_be_is_said_with_its_fix(file: Path, text: str, said: str, fix: str) -> None:
    file.write_text(text)
    with pytest.raises(InputError) as error:
        read_settings(file)
    assert said in error.value.message and error.value.message.startswith("pipeline.toml")
    assert fix in error.value.fix


def test_a_file_to_begin_with(tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_text("id,title\n1,lamp\n")
    written = write_example(tmp_path / "pipeline.toml")
    found = read_settings(written)
    assert found.name == "shop" and found.index == {"keep": 2} and found.train == {}
    # What stands there as a comment can be said.
    lines = written.read_text().splitlines()
    said = "\n".join(line.removeprefix("# ") if "=" in line or "[" in line[:3] else "" for line in lines)
    (tmp_path / "judged").mkdir()
    (tmp_path / "orders.csv").write_text("user,item\n1,1\n")
    (tmp_path / "synonyms.txt").write_text("sofa, couch\n")
    (tmp_path / "gate.toml").write_text("segment_drop = 0.03\n")
    (tmp_path / "golden.tsv").write_text("sofa\t1\n")
    (tmp_path / "all.toml").write_text(
        said.replace("[export]", "").replace('encoder = "none"', "").replace("model =", "seed = 3 #")
    )
    said_all = read_settings(tmp_path / "all.toml")
    assert list(said_all.train) == ["encoder", "recommender", "codes"] and said_all.ranker_split == "rank"
    with pytest.raises(InputError, match="is there already"):
        write_example(written)
    with pytest.raises(InputError, match="cannot write"):
        write_example(tmp_path / "none" / "pipeline.toml")
    with pytest.raises(InputError, match="aisle pipeline init"):
        read_settings(tmp_path / "other.toml")

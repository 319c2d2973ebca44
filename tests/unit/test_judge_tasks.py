"""What can be judged, and what is refused before anything is encoded."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from aisle.catalogue.judged import beir_task
from aisle.errors import EvaluationError, InputError
from aisle.evaluation import write_qrels
from aisle.evaluation.encoders.judge import find_base, open_pair
from aisle.evaluation.encoders.quality import check_widths, parse_widths
from aisle.training.data.review_pairs import read_task
from tests.support.judge_parts import artifact, judged_folder, store, tiny


def test_a_beir_folder_is_a_task(tmp_path: Path) -> None:
    task = beir_task(judged_folder(tmp_path / "shop", items=12, queries=5))
    assert (len(task.ids), len(task.texts), len(task.judged.queries)) == (12, 12, 5)
    assert task.judged.name == "shop"
    assert read_task(tmp_path / "shop", None) == task


def test_reviews_are_a_task_masked_or_not(tmp_path: Path) -> None:
    said = "This cordless drill is strong and its battery lasts for the whole working day"
    rows = [
        {
            "user_id": f"u{number}",
            "parent_asin": f"p{number}",
            "timestamp": number,
            "text": f"{said} {number}",
        }
        | {"product_title": f"cordless drill {number}", "title": "good", "rating": 5.0}
        for number in range(3)
    ]
    (tmp_path / "dev.jsonl").write_bytes(b"\n".join(map(orjson.dumps, rows)))
    items = [{"_id": f"p{number}", "title": f"cordless drill {number}"} for number in range(3)]
    (tmp_path / "items.jsonl").write_bytes(b"\n".join(map(orjson.dumps, items)))
    plain, hard = (read_task(None, tmp_path, mask=mask) for mask in (False, True))
    assert sorted(plain.ids) == ["p0", "p1", "p2"]
    assert all("drill" in query.text for query in plain.judged.queries)
    assert not any("drill" in query.text for query in hard.judged.queries)
    assert plain.judged.name != hard.judged.name


def test_no_set_two_sets_and_a_mask_without_reviews_are_refused(tmp_path: Path) -> None:
    folder = judged_folder(tmp_path)
    for data, reviews, mask in ((None, None, False), (folder, folder, False), (folder, None, True)):
        with pytest.raises(InputError, match=r"reviews|judged on"):
            read_task(data, reviews, mask=mask)


def test_nothing_to_score_is_said_first(tmp_path: Path) -> None:
    folder = judged_folder(tmp_path)
    with pytest.raises(EvaluationError, match="no judged query in split 'dev' with an item of grade 4"):
        beir_task(folder, relevant=4)
    with pytest.raises(EvaluationError, match="would count every item"):
        beir_task(folder, relevant=0)
    write_qrels({"qi000": {"elsewhere": 3}}, folder / "qrels" / "dev.tsv")
    with pytest.raises(EvaluationError, match=r"none of the items .* is in its catalogue"):
        beir_task(folder)


def test_widths_are_read_widest_first() -> None:
    assert parse_widths("64, 384,64") == (384, 64)
    assert parse_widths("") == ()
    for text in ("big", "0", "-64", "64;32"):
        with pytest.raises(InputError, match="widths"):
            parse_widths(text)


def test_widths_are_the_models() -> None:
    manifest = tiny().manifest
    assert check_widths(manifest, ()) == (32,)
    assert check_widths(manifest.model_copy(update={"dims": 384}), ()) == (384, 64)
    assert check_widths(manifest, (32, 7)) == (32, 7)
    for width in (33, 0):
        with pytest.raises(InputError, match=f"32 dimensions, not {width}"):
            check_widths(manifest, (width,))


def test_the_base_is_found_by_what_training_began_with() -> None:
    base = artifact(name="packaged")
    other = artifact(seed=4, name="another")
    trained = tiny(seed=5).manifest.model_copy(
        update={"data_hash": "ab" * 32, "base_model": "my-run", "training": {"base": "hub/packaged"}}
    )
    assert find_base(trained, store()) == base
    assert find_base(trained.model_copy(update={"training": {"base": "another"}}), store()) == other
    assert find_base(trained.model_copy(update={"training": {}}), store()) is None
    # An untrained model has nothing to forget.
    assert find_base(trained.model_copy(update={"data_hash": ""}), store()) is None


def test_a_named_base_goes_before_the_one_that_would_be_found() -> None:
    base = artifact(seed=4, name="another")
    model, named = open_pair(artifact(), "another", store())
    assert named is not None
    assert (model.artifact.path, named.artifact.path) == (artifact(), base)
    assert open_pair(artifact(), None, store())[1] is None

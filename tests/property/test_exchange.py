"""Judgments that go to another tool and come back are the same, less what the report names."""

import string
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aisle.errors import InputError
from aisle.evaluation.exchange import Changes, Exchange, Format, Judgments
from aisle.types import Query

BY_TEXT = [Format.QUEPID_CSV, Format.QUEPID_JSON, Format.SRW]
GRADES = st.integers(0, 15) | st.floats(0, 15).map(lambda grade: int(grade) if grade.is_integer() else grade)
ITEMS = st.text(string.ascii_letters + string.digits + "-_.,;#'\"é☕", min_size=1, max_size=8)
# Signs that formats give a meaning to, and every kind of white space.
TEXTS = st.text(
    st.sampled_from("ab -=+@,;\"'#\\<>{}|é☕\n\r\t\x0b\x85\u2028\u00a0") | st.characters(codec="utf-8")
)


@st.composite
def judgments(draw: st.DrawFn) -> Judgments:
    texts = draw(st.lists(TEXTS.filter(str.strip), min_size=1, max_size=5))
    queries = tuple(Query(str(number), text) for number, text in enumerate(texts, 1))
    judged = st.dictionaries(ITEMS, GRADES, max_size=4)
    qrels = {query.id: items for query in queries if (items := draw(judged))}
    if not qrels:
        qrels[queries[0].id] = {draw(ITEMS): draw(GRADES)}
    return Judgments(queries, qrels)


def there_and_back(given_: Judgments, form: Format) -> tuple[Judgments, list[str]]:
    changes = Changes()
    with tempfile.TemporaryDirectory() as folder:
        suffix = ".json" if form == Format.QUEPID_JSON else ""
        path = Path(folder) / f"out{suffix}"
        Exchange().formats()[form].write(given_, path, changes)
        assert Exchange().recognised(path) == form
        back = Exchange().formats()[form].read(path)
    return back, [change.what for change in changes.found()]


def texts_to_grades(found: Judgments) -> dict[str, dict[str, float]]:
    return {query.text: dict(found.qrels.get(query.id, {})) for query in found.queries}


@pytest.mark.parametrize("form", BY_TEXT)
@settings(max_examples=60, deadline=None)
@example(drawn=Judgments((Query("1", '<"'),), {"1": {"a": 1}}))
@given(drawn=judgments())
def test_formats_that_know_queries_by_text(form: Format, drawn: Judgments) -> None:
    # The workbench refuses some signs: of texts that are made of them nothing is left.
    if form == Format.SRW and not any("".join(query.text.split()).strip('"\\<>') for query in drawn.queries):
        with pytest.raises(InputError, match="nothing is left to write"):
            there_and_back(drawn, form)
        return
    back, changes = there_and_back(drawn, form)
    if not changes:
        assert texts_to_grades(back) == texts_to_grades(drawn)
    # What comes back stands in the format as it is.
    again, changes = there_and_back(back, form)
    assert again == back
    assert not [what for what in changes if "without a judgment" not in what]


@settings(max_examples=60, deadline=None)
@given(drawn=judgments())
def test_a_beir_folder_keeps_ids_texts_and_grades(drawn: Judgments) -> None:
    back, _ = there_and_back(drawn, Format.BEIR)
    assert back.qrels == drawn.qrels
    assert back.queries == tuple(query for query in drawn.queries if query.id in drawn.qrels)


@settings(max_examples=60, deadline=None)
@given(drawn=judgments())
def test_lines_of_learning_to_rank(drawn: Judgments) -> None:
    back, changes = there_and_back(drawn, Format.LTR)
    assert back.qrels == drawn.qrels
    assert {query.id: query.text for query in back.queries} == {
        query.id: " ".join(query.text.split()) for query in drawn.queries if query.id in drawn.qrels
    }
    assert ("queries left out: they have no judgment" in changes) == (len(back.queries) < len(drawn.queries))


@settings(max_examples=60, deadline=None)
@given(drawn=judgments())
def test_trec_keeps_whole_grades_and_says_which_it_rounds(drawn: Judgments) -> None:
    changes = Changes()
    with tempfile.TemporaryDirectory() as folder:
        target, texts = Path(folder) / "qrels.trec", Path(folder) / "texts"
        exchange = Exchange(queries=texts / "queries.jsonl")
        exchange.formats()[Format.BEIR].write(drawn, texts, Changes())
        exchange.formats()[Format.TREC].write(drawn, target, changes)
        back = exchange.formats()[Format.TREC].read(target)
    rounded = {
        query: {item: int(grade + 0.5) for item, grade in items.items()}
        for query, items in drawn.qrels.items()
    }
    assert back.qrels == rounded
    broken = sum(not float(grade).is_integer() for items in drawn.qrels.values() for grade in items.values())
    assert sum(change.count for change in changes.found() if "rounded" in change.what) == broken

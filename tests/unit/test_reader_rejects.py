"""Bad rows are set aside with line and reason; good ones around them come through."""

import json
from pathlib import Path

import pytest

from aisle.catalogue import read_catalogue
from aisle.catalogue.rejects import Rejects
from aisle.errors import InputError
from aisle.indexer.dead_letters import DeadLetters

GOOD = b'{"id": "good", "title": "Good"}'


def _row(**cells: object) -> bytes:
    return json.dumps({"id": "x", "title": "Bad", **cells}).encode()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"id": "x", "title": ', "invalid JSON"),
        (b'["x"]', "not a JSON object"),
        (b'{"title": "a"}', "id is missing or empty in column 'id'"),
        (_row(id=" "), "id is missing or empty in column 'id'"),
        (_row(id=None), "id is missing or empty in column 'id'"),
        (_row(id=True), "id is not text in column 'id'"),
        (_row(id=["x"]), "id is not text in column 'id'"),
        (_row(id="é" * 257), "id is over 512 bytes in column 'id'"),
        (_row(id="a\x00b"), "id holds control characters in column 'id'"),
        (_row(id="a\nb"), "id holds control characters in column 'id'"),
        (_row(id="good"), "duplicate id"),
        (_row(title=None), "title is missing or empty in column 'title'"),
        (_row(title="\x00\x1f "), "title is missing or empty in column 'title'"),
        (_row(title={"w": 1}), "title is not text in column 'title'"),
        (_row(title="a" * 1_000_000), "title is over 10,000 characters in column 'title'"),
    ],
)
def test_bad_row(tmp_path: Path, line: bytes, reason: str) -> None:
    path = tmp_path / "a.jsonl"
    last = b'{"id": "last", "title": "L", "price": 1, "text": "t", "brand": "b"}'
    path.write_bytes(b"\n".join([GOOD, b"", line, last]))
    rejects = DeadLetters(tmp_path / "rejects.jsonl")
    found = [item.id for item in read_catalogue(path, rejects=rejects)]
    assert rejects.export() == 1
    assert found == ["good", "last"]
    assert rejects.reasons == {reason: 1}
    (written,) = (tmp_path / "rejects.jsonl").read_text().splitlines()
    row = json.loads(written)
    assert (row["line"], row["reason"], row["position"], row["attempts"]) == (3, reason, None, 1)
    assert row["id"] == ("good" if reason == "duplicate id" else "x" if reason.startswith("title") else "")
    assert 0 < len(json.dumps(row["row"])) <= 1_000_000
    if isinstance(row["row"], dict) and "price" not in row["row"]:
        assert row["row"] == json.loads(line)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"text": "a" * 1_000_001}, "text is over 1,000,000 characters in column 'text'"),
        ({"brand": {"a": 1}}, "brand cannot be read in column 'brand'"),
        ({"brand": "b" * 9_000}, "brand is over 8,191 characters in column 'brand'"),
        ({"price": "cheap"}, "price cannot be read in column 'price'"),
        ({"price": -1}, "price is negative in column 'price'"),
        ({"stock": "plenty"}, "stock cannot be read in column 'stock'"),
        ({"image": {"a": 1}}, "images cannot be read in column 'image'"),
    ],
)
def test_what_cannot_be_read_costs_that_field_alone(
    tmp_path: Path, cells: dict[str, object], reason: str
) -> None:
    path = tmp_path / "a.jsonl"
    good = {"id": "g", "title": "Good", "text": "t", "brand": "b", "price": 1, "stock": 2, "image": "a.jpg"}
    rows = [{**good, "id": f"g{number}"} for number in range(9)]
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, {**good, **cells}]))
    rejects = Rejects()
    catalogue = read_catalogue(path, rejects=rejects)
    *others, hurt = catalogue
    assert rejects.count == 0 and len(others) == 9
    assert catalogue.counts.lost == {reason: 1} and catalogue.counts.balanced
    whole = others[0].to_json()
    lost = {name for name, value in hurt.to_json().items() if value != whole[name]} - {"id"}
    assert lost == ({"signals"} if "stock" in cells else {reason.split(maxsplit=1)[0]})


def test_a_line_that_is_too_long_is_skipped_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(GOOD + b"\n" + _row(title="a" * 17_000_000) + b"\n" + _row(id="last") + b"\n")
    rejects = Rejects()
    assert [item.id for item in read_catalogue(path, rejects=rejects)] == ["good", "last"]
    assert rejects.first == (2, "line is over 16,777,216 bytes")
    assert rejects.count == 1


def test_bad_csv_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    huge = b"h," + b"a" * 17_000_000
    good = ["id,title", '1,"two\nlines"', "6,Größe", "7,Kühlschrank", "8,Möbel"]
    lines = [*map(str.encode, good), b"2", b"3,a,b", b"4,\xff", huge, b"", b"5,last"]
    path.write_bytes(b"\r\n".join(lines))
    rejects = DeadLetters(tmp_path / "r.jsonl")
    found = [(item.id, item.title) for item in read_catalogue(path, rejects=rejects)]
    rejects.export()
    assert found == [("1", "two lines"), ("6", "Größe"), ("7", "Kühlschrank"), ("8", "Möbel"), ("5", "last")]
    rows = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    rows.sort(key=lambda row: row["line"])
    assert [(row["line"], row["reason"]) for row in rows] == [
        (7, "title is missing or empty in column 'title'"),
        (8, "rows have 3 cells, the header 2"),
        (9, "not UTF-8"),
        (10, "line is over 16,777,216 characters"),
    ]
    assert [row["row"] for row in rows[:3]] == [{"id": "2", "title": ""}, "3,a,b\r\n", "4,\\xff\r\n"]
    assert huge.decode().startswith(rows[3]["row"]) and len(rows[3]["row"]) >= 500_000


def test_control_characters_are_cleaned_from_text(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"id": " 1 ", "title": "a\x00b\t c\x7f", "text": "x\x0b\r\n\n y  z\x9f"}))
    (item,) = read_catalogue(path)
    assert (item.id, item.title, item.text) == ("1", "a b c", "x\ny z")


def test_numbers_are_ids_and_titles_too(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 7, "title": 1984}\n{"id": 8.0, "title": "x"}\n')
    assert [(item.id, item.title) for item in read_catalogue(path)] == [("7", "1984"), ("8", "x")]


def test_no_rejects_no_file_and_an_old_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(GOOD)
    (tmp_path / "r.jsonl").write_text("old")
    rejects = DeadLetters(tmp_path / "r.jsonl")
    assert len(list(read_catalogue(path, rejects=rejects))) == 1
    assert rejects.export() == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.jsonl", "r.jsonl"]
    assert (tmp_path / "r.jsonl").read_text() == "old"


def test_the_dead_letters_survive_a_failed_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "1", "title": "\\u0001"}\n')
    rejects = DeadLetters(tmp_path / "r.jsonl")
    with pytest.raises(InputError, match="most often because: title is missing"):
        list(read_catalogue(path, rejects=rejects))
    rejects.export()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.jsonl", "r.jsonl"]


def test_a_rejects_file_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    letters = DeadLetters(tmp_path / "file" / "r.jsonl")
    letters.add(1, "reason", b"row")
    with pytest.raises(InputError, match="cannot write"):
        letters.export()
    with pytest.raises(InputError, match="it is a folder"):
        DeadLetters(tmp_path)

# ruff: noqa: RUF001 - letters that look like others are what this is about
"""Text files are read in one encoding, found out before the first row."""

import gzip
from pathlib import Path

import orjson
import pytest

from aisle.catalogue import ReadOptions
from aisle.catalogue.rejects import Rejects
from aisle.catalogue.tables import open_table
from aisle.errors import InputError
from aisle.indexer.dead_letters import DeadLetters

GERMAN = ["Größe", "Kühlschrank mit Gefrierfach, weiß", "Wörterbuch für Anfänger", "Jäger-Gürtel grün"]
FRENCH = ["Étagère", "Café moulu à l’ancienne", "Chaussures d’été pour garçon", "Crème brûlée – set de 4"]
SPANISH = ["Año nuevo", "Camión de juguete", "Pantalón español", "Lámpara de pie"]
POLISH = ["Żółta łódź podwodna", "Książka dla dzieci", "Krzesło składane", "Świeca zapachowa"]
CZECH = ["Dětská židle", "Příbor nerezový", "Šálek na kávu", "Žlutý kůň"]
HUNGARIAN = ["Bögre piros", "Íróasztal tölgyfa", "Gyerekkerékpár", "Őszi cipő"]
TURKISH = ["Kırmızı fincan", "Çalışma masası", "Çocuk bisikleti", "Işıklı ağaç"]
LITHUANIAN = ["Raudonas puodelis žalias", "Rašomasis stalas ąžuolinis", "Vaikiškas dviratis", "Šviestuvas"]
RUSSIAN = ["Красная кружка", "Стол письменный", "Детский велосипед", "Лампа настольная"]
GREEK = ["Κόκκινη κούπα", "Γραφείο ξύλινο", "Παιδικό ποδήλατο", "Λάμπα"]
HEBREW = [
    "כוס אדומה",
    "שולחן",
    "אופניים לילדים",
    "מנורה",
    "ספר",
    "כוס אדומה גדולה",
    "שולחן כתיבה",
    "נעלי ספורט לגברים",
]
ARABIC = ["كوب أحمر", "مكتب خشبي", "دراجة أطفال", "مصباح"]
JAPANESE = ["赤いマグカップ", "木製デスク", "子供用自転車", "ランプ"]
CHINESE = ["红色马克杯", "木制书桌", "儿童自行车", "台灯"]
TAIWANESE = ["紅色馬克杯", "木製書桌", "兒童自行車", "檯燈"]
KOREAN = ["빨간 머그컵", "나무 책상", "어린이 자전거", "램프"]
SIGNS = ["LEGO® Technic™ crane", "Drill – 18 V", "Heater 20 °C", "Kid’s “best” bike", "12½ × 3¼ cm"]


def write(path: Path, titles: list[str], encoding: str, plain: int = 0) -> Path:
    """A file with ``plain`` rows of ASCII before those with the titles."""
    rows = [f"p{i};Plain {i};9" for i in range(plain)]
    rows += [f"{i};{title};9" for i, title in enumerate(titles)]
    path.write_bytes("\r\n".join(["id;title;price", *rows]).encode(encoding))
    return path


def titles_of(path: Path, rejects: Rejects | None = None, encoding: str = "") -> tuple[str, list[str]]:
    rejects = rejects or Rejects()
    table = open_table(path, ReadOptions(encoding=encoding))
    titles = [row.cells["title"] for row in table.rows(rejects) if not row.cells["id"].startswith("p")]
    return table.details.split(",")[0], titles


@pytest.mark.parametrize(
    ("titles", "encoding", "told"),
    [
        (GERMAN, "utf-8", "UTF-8"),
        (GERMAN, "utf-8-sig", "UTF-8"),
        (JAPANESE, "utf-16", "UTF-16"),
        (GERMAN, "utf-16-le", "UTF-16-LE"),
        (RUSSIAN, "utf-16-be", "UTF-16-BE"),
        (GERMAN, "utf-32", "UTF-32"),
        (GERMAN, "cp1252", "Windows-1252"),
        (GERMAN[:1], "cp1252", "Windows-1252"),
        (FRENCH, "cp1252", "Windows-1252"),
        (SPANISH, "cp1252", "Windows-1252"),
        (SPANISH[:1], "iso8859-1", "Windows-1252"),
        (SIGNS, "cp1252", "Windows-1252"),
        (["Tea, 10.00 €/kg"], "cp1252", "Windows-1252"),
        (["Heater, 5 °C"], "cp1252", "Windows-1252"),
        (["Lamp ½"], "cp1252", "Windows-1252"),
        (["More…"], "cp1252", "Windows-1252"),
        (["Œuf 5 €", *FRENCH[:1]], "iso8859-15", "ISO-8859-15"),
        (GERMAN, "cp850", "DOS 850"),
        (FRENCH, "mac_roman", "Mac OS Roman"),
        (POLISH, "cp1250", "Windows-1250"),
        (CZECH, "cp1250", "Windows-1250"),
        (HUNGARIAN, "cp1250", "Windows-1250"),
        (POLISH, "iso8859-2", "ISO-8859-2"),
        (TURKISH, "cp1254", "Windows-1254"),
        (LITHUANIAN, "cp1257", "Windows-1257"),
        (RUSSIAN, "cp1251", "Windows-1251"),
        (RUSSIAN[:1], "cp1251", "Windows-1251"),
        (RUSSIAN, "koi8-r", "KOI8-R"),
        (RUSSIAN, "cp866", "DOS 866"),
        (GREEK, "cp1253", "Windows-1253"),
        (HEBREW, "cp1255", "Windows-1255"),
        (ARABIC, "cp1256", "Windows-1256"),
        (JAPANESE, "shift_jis", "Shift_JIS"),
        (JAPANESE, "euc_jp", "EUC-JP"),
        (CHINESE, "gb18030", "GB18030"),
        (TAIWANESE, "big5", "Big5"),
        (KOREAN, "cp949", "EUC-KR"),
    ],
)
def test_encodings_are_found_out_and_said(
    tmp_path: Path, titles: list[str], encoding: str, told: str
) -> None:
    if encoding == "iso8859-15":
        titles = [title.replace("’", "'") for title in titles]
    assert titles_of(write(tmp_path / "a.csv", titles, encoding)) == (told, titles)


def test_the_first_letter_may_come_late(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", ["Größe"], "cp1252", plain=30_000)
    assert titles_of(path) == ("Windows-1252", ["Größe"])
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert titles_of(path) == ("Windows-1252", ["Größe"])


def test_a_few_broken_lines_of_utf_8_are_dead_letters(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", GERMAN, "utf-8")
    path.write_bytes(path.read_bytes() + b"\r\n8;Gr\xf6\xdfe \xe2\x82;7\r\n9;Ende;8\r\n")
    letters = DeadLetters(tmp_path / "dead.jsonl")
    assert titles_of(path, letters) == ("UTF-8", [*GERMAN, "Ende"])
    letters.export()
    letter = orjson.loads((tmp_path / "dead.jsonl").read_bytes())
    assert (letter["line"], letter["reason"]) == (6, "not UTF-8")
    assert letter["row"] == "8;Gr\\xf6\\xdfe \\xe2\\x82;7\r\n"


def test_a_byte_that_is_nothing_in_many_lines_of_ascii(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", ["Lamp"], "ascii", plain=300)
    path.write_bytes(path.read_bytes() + b"\r\n8;a\x81\x02\x8d\x90\xff;7")
    rejects = Rejects()
    assert titles_of(path, rejects) == ("UTF-8", ["Lamp"])
    assert rejects.reasons == {"not UTF-8": 1}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Größe;1\nKühl;2\n".encode() + "Größe;1\nKühl;2\n".encode("cp1252"), "mixes encodings.* line 4"),
        (bytes(range(128, 256)) * 3, r"not UTF-8 \(line 2\).* cannot be told"),
        (b"\xff\xfe" + "id;title\n1;x\n".encode("utf-16-le")[:-1], "UTF-16"),
    ],
)
def test_what_cannot_be_told_stops(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content if content.startswith(b"\xff\xfe") else b"title;id\n" + content)
    with pytest.raises(InputError, match=message) as caught:
        open_table(path, ReadOptions())
    assert "--encoding" in caught.value.fix or "again" in caught.value.fix


def test_an_encoding_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", ["Größe"], "cp850")
    assert titles_of(path, encoding="cp850") == ("DOS 850", ["Größe"])
    rejects = Rejects()
    assert titles_of(path, rejects, encoding="utf8") == ("UTF-8", [])
    assert rejects.reasons == {"not UTF-8": 1}
    for unknown in ("klingon", "base64", "\0"):
        with pytest.raises(InputError, match="there is no encoding"):
            open_table(path, ReadOptions(encoding=unknown))


def test_a_stream_that_breaks_off_stops_before_the_first_row(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [f"Title {i * 7919}" for i in range(20_000)], "utf-8")
    path.write_bytes(gzip.compress(path.read_bytes())[:-2000])
    with pytest.raises(InputError, match="gzip stream breaks off") as caught:
        open_table(path, ReadOptions())
    assert "gzip -t" in caught.value.fix

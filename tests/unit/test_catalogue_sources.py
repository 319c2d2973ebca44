"""Archives, pipes and standard input: one file comes out, or it is said what to do."""

import bz2
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import tarfile
import tempfile
import threading
import zipfile
from pathlib import Path

import pytest

from aisle.catalogue import ReadOptions, read_catalogue
from aisle.catalogue.reader import fingerprint
from aisle.catalogue.sources import has_fixed_content
from aisle.errors import InputError
from tests.support.tables import read_table

CSV = b"id,title\n1,Lamp\n2,Sofa\n"
TITLES = ["Lamp", "Sofa"]
LINES = b'{"id": 1, "title": "Lamp"}\n{"id": 2, "title": "Sofa"}\n'


def _zip(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def _titles(path: Path | str, options: ReadOptions | None = None) -> list[str]:
    return [item.title for item in read_catalogue(path, options)]


@pytest.mark.parametrize(
    "content",
    [CSV, LINES, json.dumps({"products": [{"id": 1, "title": "Lamp"}, {"id": 2, "title": "Sofa"}]}).encode()],
)
def test_whatever_is_packed_is_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "shop.data"
    for packed in (
        gzip.compress(content),
        bz2.compress(content),
        lzma.compress(content),
        gzip.compress(bz2.compress(content)),
    ):
        path.write_bytes(packed)
        assert _titles(path) == TITLES
    for inner in (content, gzip.compress(content)):
        assert _titles(_zip(tmp_path / "shop.zip", **{"feeds/shop": inner})) == TITLES


def test_a_zip_file_with_what_systems_leave_in_it(tmp_path: Path) -> None:
    files = {
        "feeds/": b"",
        "feeds/shop.csv": CSV,
        "__MACOSX/feeds/._shop.csv": b"x",
        ".DS_Store": b"x",
        "Thumbs.db": b"x",
    }
    catalogue = read_catalogue(_zip(tmp_path / "shop.zip", **files))
    assert catalogue.report.source == "shop.zip (shop.csv)"
    assert [item.title for item in catalogue] == TITLES
    assert has_fixed_content(tmp_path / "shop.zip")
    assert fingerprint(tmp_path / "shop.zip", ReadOptions()) == fingerprint(
        tmp_path / "shop.zip", ReadOptions(max_bytes=10**6)
    )


def test_messages_name_the_archive_not_a_temporary_file(tmp_path: Path) -> None:
    path = _zip(tmp_path / "shop.zip", **{"in.json": b'[{"id": 1, "title": "a"}, {"id'})
    with pytest.raises(InputError, match=r"^shop\.zip \(in\.json\) is not whole: it breaks off after item 1"):
        _titles(path)
    with pytest.raises(InputError, match=r"shop\.zip \(in\.csv\) holds no items"):
        _titles(_zip(tmp_path / "shop.zip", **{"in.csv": b"id,title\n"}))


def test_temporary_files_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    path = _zip(
        tmp_path / "shop.zip",
        **{"../../evil\x1b[2J.csv": CSV + b"".join(b"%d,x\n" % n for n in range(3, 5000))},
    )
    items = read_catalogue(path)
    assert len(list(folder.rglob("*.csv"))) == 1
    assert sum(1 for _ in items) == 4999
    assert "\x1b" not in items.report.source
    del items
    assert list(folder.iterdir()) == []


def _encrypted(path: Path) -> Path:
    content = bytearray(_zip(path, a=CSV).read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + at] |= 1
    path.write_bytes(content)
    return path


def _tar(path: Path) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("a.csv")
        info.size = len(CSV)
        archive.addfile(info, io.BytesIO(CSV))
    return path


def test_other_archives_and_files_are_named(tmp_path: Path) -> None:
    def refused(path: Path, message: str, fix: str) -> None:
        with pytest.raises(InputError, match=message) as caught:
            _titles(path)
        assert fix in caught.value.fix
        assert "\n" not in str(caught.value)

    many = {f"{n}.csv": CSV for n in range(12)}
    refused(_zip(tmp_path / "a.zip", **many), r"holds 12 files: 0\.csv, 1\.csv.* and 4 more", "unpack")
    refused(_zip(tmp_path / "a.zip"), "holds no file", "packed")
    refused(_zip(tmp_path / "a.zip", **{"__MACOSX/x": b""}), "holds no file", "packed")
    refused(_encrypted(tmp_path / "a.zip"), "has a password", "unpack")
    refused(
        _zip(tmp_path / "a.ods", **{"mimetype": b"x", "content.xml": b"<x/>"}), "OpenDocument", "XLSX or CSV"
    )
    refused(_zip(tmp_path / "a.numbers", **{"Index/Document.iwa": b"x"}), "Numbers", "XLSX or CSV")
    refused(_zip(tmp_path / "a.xlsb", **{"xl/workbook.bin": b"x"}), "xlsb", "XLSX or CSV")
    refused(_tar(tmp_path / "a.tar.gz"), "a tar archive", "unpack")
    whole = _zip(tmp_path / "a.zip", a=os.urandom(5000)).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[:-200])
    refused(tmp_path / "cut.zip", "not a whole archive", "again")
    (tmp_path / "bad.zip").write_bytes(whole.replace(whole[1000:1010], b"0123456789", 1))
    refused(tmp_path / "bad.zip", "not a whole archive", "again")
    for content, what in (
        (b"7z\xbc\xaf\x27\x1c" + bytes(100), "7z archive"),
        (b"Rar!\x1a\x07\x01\0", "RAR archive"),
        (b"\x28\xb5\x2f\xfd" + bytes(9), "zstd"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Excel file"),
        (b"%PDF-1.7\n1,2", "a PDF"),
        (b"SQLite format 3\0" + bytes(84), "a database"),
        (b"-- MySQL dump 10.13\nCREATE TABLE a (b, c);\n", "database dump"),
        (b"\nINSERT INTO products VALUES (1, 'a');", "database dump"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"{\\rtf1 a, b}", "text document"),
    ):
        (tmp_path / "a.csv").write_bytes(content)
        refused(tmp_path / "a.csv", what, "")
        (tmp_path / "a.csv").write_bytes(gzip.compress(content))
        refused(tmp_path / "a.csv", what, "")


def test_bombs(tmp_path: Path) -> None:
    zeros = bytes(70_000_000)
    (tmp_path / "a").write_bytes(lzma.compress(zeros, preset=0))
    with pytest.raises(InputError, match="expands to over"):
        _titles(tmp_path / "a")
    path = _zip(tmp_path / "a.zip", a=zeros)
    with pytest.raises(InputError, match="expands to over 6"):
        _titles(path)
    # What the archive says of itself is not believed.
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 24 :][:4] = (1000).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"expands to over|not a whole archive|cannot tell the format"):
        _titles(path)
    with pytest.raises(InputError, match="expands to over 0 bytes") as caught:
        _titles(_zip(tmp_path / "a.zip", a=CSV), ReadOptions(max_bytes=10))
    assert "unpack" in caught.value.fix
    nested = CSV
    for _ in range(5):
        nested = gzip.compress(nested)
    (tmp_path / "a").write_bytes(nested)
    with pytest.raises(InputError, match="packed more than 3 times"):
        _titles(tmp_path / "a")


def test_a_pipe_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(gzip.compress(LINES * 1),))
    writer.start()
    assert _titles(pipe) == TITLES
    writer.join()
    assert not has_fixed_content(pipe)


def test_standard_input_is_read(tmp_path: Path) -> None:
    script = "from aisle.catalogue import read_catalogue\nprint([item.title for item in read_catalogue('-')])"
    for content in (CSV, _zip(tmp_path / "a.zip", a=LINES).read_bytes()):
        run = subprocess.run([sys.executable, "-c", script], input=content, capture_output=True, check=True)
        assert run.stdout.decode().strip() == str(TITLES)
    run = subprocess.run([sys.executable, "-c", script], input=b"", capture_output=True, check=False)
    assert b"standard input is empty" in run.stderr


def test_parquet_and_workbooks_within_others(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table({"id": [1, 2], "title": TITLES}), tmp_path / "a.parquet")
    content = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.gz").write_bytes(gzip.compress(content))
    found = read_table(tmp_path / "a.gz")
    assert (found.format, [cells["title"] for cells in found.cells]) == ("parquet", TITLES)
    assert _titles(_zip(tmp_path / "a.zip", **{"a.parquet": content})) == TITLES

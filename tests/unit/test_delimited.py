"""CSV and its kin as shops write them: dialects, quotes that do not pair, rows of other lengths, headers."""

import gzip
import tracemalloc
from pathlib import Path
from time import perf_counter

import pytest

from aisle.catalogue import ReadOptions
from aisle.catalogue.rejects import Rejects
from aisle.catalogue.tables import open_table
from aisle.errors import InputError


class Kept(Rejects):
    """Keeps what was rejected: line, reason and text."""

    def __init__(self) -> None:
        super().__init__()
        self.letters: list[tuple[int, str, object]] = []

    def add(self, line: int, reason: str, row: object, identity: str = "") -> None:
        super().add(line, reason, b"", identity)
        self.letters.append((line, reason, row))


def read(path: Path, content: str | bytes) -> tuple[list[tuple[str, ...]], list[tuple[int, str, object]]]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    rejects = Kept()
    rows = [tuple(row.cells.values()) for row in open_table(path, ReadOptions(format="csv")).rows(rejects)]
    return rows, rejects.letters


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.csv"


def test_quotes_that_do_not_pair_are_text(path: Path) -> None:
    lines = [
        "id,title,price",
        '3,"24 inch" monitor stand,7',
        '4,"Half open box,7',
        '5,Lamp 10" tall,8',
        "6,Sofa,9",
    ]
    rows, letters = read(path, "\n".join(lines).replace(",", "\t"))
    assert rows == [
        ("3", '"24 inch" monitor stand', "7"),
        ("4", '"Half open box', "7"),
        ("5", 'Lamp 10" tall', "8"),
        ("6", "Sofa", "9"),
    ]
    assert not letters


@pytest.mark.parametrize(
    "line",
    [
        '4,"Half open box,8',
        '4,"Half open box,8\n5,Lamp 10",9',  # the quotes pair, as if both rows were one cell
        '4,"Half open box,8\n5,Lamp,9\n6,"a, b",7',
        '4,"Half open box,8\n5,"Half open,9\n6,Lamp 3",7\n7,Lamp 3",7',
        '4,"Half ""open,8\n5,Lamp,9',
        '4,Lamp 10",8\n5,"24"" stand",9',
    ],
)
def test_an_unclosed_quote_swallows_no_row(path: Path, line: str) -> None:
    many = "".join(f"{i},Item {i},{i}\n" for i in range(20, 40))
    rows, letters = read(path, f"id,title,price\n1,Cap,5\n{line}\n{many}")
    assert not letters
    assert len(rows) == 21 + line.count("\n") + 1
    assert all(len(row) == 3 and row[0].isdigit() and row[2].isdigit() for row in rows)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('"two\nlines, with commas"', "two\nlines, with commas"),
        ('"two\r\n\r\nlines ""quoted"", ok"', 'two\r\n\r\nlines "quoted", ok'),
        ('"Good, soft\nand warm, red"', "Good, soft\nand warm, red"),
        ('"a ""b"" c"', 'a "b" c'),
        ('"He said ""yes"", and then\nleft"', 'He said "yes", and then\nleft'),
        ('"""a"", b\n""c"", d\n""e"""', '"a", b\n"c", d\n"e"'),
        (r'"He said \"hi\", ok"', 'He said "hi", ok'),
        (r'"<a href=\"x\">' + "\n" + r'more</a>, \"y\""', '<a href="x">\nmore</a>, "y"'),
        ('"Lamp 10" tall, wide"', 'Lamp 10" tall, wide'),
        ('"Lamp 10" tall\nand wide"', 'Lamp 10" tall\nand wide'),
        (r'"C:\dir"', r"C:\dir"),
        ('" spaced "', " spaced "),
        ('""', ""),
        ('""""', '"'),
        ("x\0y", "x\0y"),
        ('"x" ', "x"),
        ("semi; colon | bar", "semi; colon | bar"),
    ],
)
def test_cells(path: Path, cell: str, value: str) -> None:
    rows, letters = read(path, f"id,title,price\n1,{cell},9\n2,Hat,8\n3,Cap,7\n")
    assert rows == [("1", value, "9"), ("2", "Hat", "8"), ("3", "Cap", "7")]
    assert not letters


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", "\r\r\n"])
@pytest.mark.parametrize("quoted", [True, False])
def test_delimiters_and_line_ends(path: Path, delimiter: str, line_end: str, quoted: bool) -> None:
    others = "".join({",", ";", "|"} - {delimiter})
    cells = [
        ["id", "title", "text"],
        ["1", f"Cap {others}", "x"],
        ["2", f"Hat {others}", "y"],
        ["3", "Z", "z"],
    ]
    quote = '"' if quoted else ""
    lines = [delimiter.join(f"{quote}{cell}{quote}" for cell in row) for row in cells]
    rows, letters = read(path, line_end.join(lines))
    assert rows == [tuple(row) for row in cells[1:]]
    assert not letters


@pytest.mark.parametrize(
    ("content", "names", "rows"),
    [
        ("sep=;\nid;title\n1;a,b\n", ["id", "title"], [("1", "a,b")]),
        ("sep=^\r\nid^title\r\n1^a\r\n", ["id", "title"], [("1", "a")]),
        ("id;price, net\n1;3,5\n2;4,5\n", ["id", "price, net"], [("1", "3,5"), ("2", "4,5")]),
        ('id,"a;b;c"\n1,x\n2,y\n', ["id", "a;b;c"], [("1", "x"), ("2", "y")]),
        ("\n \n\t\nid,title\n\n1,a\n\n,,\n2,b\n", ["id", "title"], [("1", "a"), ("2", "b")]),
        (
            "Export of May 3\n\nid,title,p\n1,a,2\n2,b,3\n",
            ["id", "title", "p"],
            [("1", "a", "2"), ("2", "b", "3")],
        ),
        ('\ufeff"id" ,\xa0title , "price"\n1,a,2\n', ["id", "title", "price"], [("1", "a", "2")]),
        ("id,images,images\n1,a,b\n", ["id", "images", "images (2)"], [("1", "a", "b")]),
        (",id,title\n0,1,a\n1,2,b\n", ["column 1", "id", "title"], [("0", "1", "a"), ("1", "2", "b")]),
        ("id,title,\n1,a,\n2,b,\n", ["id", "title"], [("1", "a"), ("2", "b")]),
        ("id,title,\n1,a,x\n2,b,\n", ["id", "title", "column 3"], [("1", "a", "x"), ("2", "b", "")]),
        ("'id','title'\n'1','It''s, ok'\n", ["id", "title"], [("1", "It's, ok")]),
        (
            "id,title\n1,'Til Dawn\n2,Rock 'n' Roll\n",
            ["id", "title"],
            [("1", "'Til Dawn"), ("2", "Rock 'n' Roll")],
        ),
        ('id, title, price\n1, "Shoe, red", 3\n', ["id", "title", "price"], [("1", "Shoe, red", "3")]),
        ('id,"Price\n(EUR)"\n1,2\n', ["id", "Price (EUR)"], [("1", "2")]),
        ('id,title\r1,a\r2,"b\nc"\r', ["id", "title"], [("1", "a"), ("2", "b\nc")]),
        ("id,title\r1,a\r\n2,b\n3,c", ["id", "title"], [("1", "a"), ("2", "b"), ("3", "c")]),
        ("id,title,p\n1,a\rb,3\n2,c,4\n", ["id", "title", "p"], [("1", "a\rb", "3"), ("2", "c", "4")]),
        ("id,title\n1,a\n\0\0\0\0", ["id", "title"], [("1", "a")]),
        (
            'ID,"Tags (x","y","z...)",Price\n1,red,9,,\n2,blue,8,,\n',
            ["ID", "Tags (x,y,z...)", "Price"],
            [("1", "red", "9"), ("2", "blue", "8")],
        ),
        ("ID,Size (cm,inch)\n1,red,9\n", ["ID", "Size (cm", "inch)"], [("1", "red", "9")]),
        ("2019,id,2020\n1,2,3\n2,3,4\n", ["2019", "id", "2020"], [("1", "2", "3"), ("2", "3", "4")]),
    ],
)
def test_layouts(path: Path, content: str, names: list[str], rows: list[tuple[str, ...]]) -> None:
    path.write_text(content, newline="")
    rejects = Kept()
    found = list(open_table(path, ReadOptions()).rows(rejects))
    assert [list(row.cells) for row in found] == [names] * len(rows)
    assert [tuple(row.cells.values()) for row in found] == rows
    assert not rejects.count


def test_rows_of_other_lengths(path: Path) -> None:
    rows, letters = read(path, "id,title,price\n1,a,2,\n2,b\n3,c,4,,,\n4,e,6,7\n5\n6,f,8\n")
    assert rows == [("1", "a", "2"), ("2", "b", ""), ("3", "c", "4"), ("5", "", ""), ("6", "f", "8")]
    assert letters == [(5, "rows have 4 cells, the header 3", b"4,e,6,7\n")]


@pytest.mark.parametrize("end", ["", ",", ",,"])
def test_cells_of_many_lines_in_rows_of_other_lengths(path: Path, end: str) -> None:
    content = (
        "handle,title,body,price,colour,note\n"
        f'mug,Trail Mug,"<p>Holds ""0.5"" l</p>\n<ul>\n<li>white, red</li>\n</ul>",19,,{end}\n'
        f'hat,"Hat, wide","One line",8,"Red; blue",{end}\n'
        f'cap,Cap,"a\n\nb, c",7,"Red",{end}\n'
    )
    right = [
        ("mug", "Trail Mug", '<p>Holds "0.5" l</p>\n<ul>\n<li>white, red</li>\n</ul>', "19", "", ""),
        ("hat", "Hat, wide", "One line", "8", "Red; blue", ""),
        ("cap", "Cap", "a\n\nb, c", "7", "Red", ""),
    ]
    assert read(path, content) == (right, [])
    cut = content.replace(f",,{end}\n", "\n").replace(f",{end}\n", "\n")
    assert read(path, cut) == (right, [])


def test_the_delimiter_of_the_header_where_every_row_has_a_cell_too_many(path: Path) -> None:
    rows = "".join(f"{i},Cap {i},23;18,5.{i},in stock; red,,\n" for i in range(8))
    found, letters = read(path, f"id,title,categories,price,note,brand\n{rows}")
    assert found == [(str(i), f"Cap {i}", "23;18", f"5.{i}", "in stock; red", "") for i in range(8)]
    assert not letters


def test_apostrophes_are_no_quotes_where_they_make_rows_a_little_longer(path: Path) -> None:
    content = 'id,sku,"EAN, UPC",name,price,note\n1,"\'-a",,Rice,5\n2,\'-b-\'c,,Oil,6\n3,7,8,Nut,9\n'
    assert read(path, content) == (
        [
            ("1", "'-a", "", "Rice", "5", ""),
            ("2", "'-b-'c", "", "Oil", "6", ""),
            ("3", "7", "8", "Nut", "9", ""),
        ],
        [],
    )


def test_a_line_that_is_no_row_is_one_dead_letter(path: Path) -> None:
    good = "".join(f"{i},Item {i},{i}\n" for i in range(50))
    rows, letters = read(path, f'id,title,price\n{good}51,"never closed, 5, x\nTotal: 50 rows,x\n52,Sofa,9\n')
    assert [row[0] for row in rows] == [*map(str, range(50)), "52"]
    assert letters == [
        (52, "a quote is not closed", b'51,"never closed, 5, x\n'),
        (53, "rows have 2 cells, the header 3", b"Total: 50 rows,x\n"),
    ]


def test_headers_of_exports_put_together_are_no_products(path: Path) -> None:
    rows, letters = read(path, "id,title,price\n1,a,2\nid,title,price\n2,b,3\n id,title , price\n3,c,4\n")
    assert [row[0] for row in rows] == ["1", "2", "3"]
    assert [(line, reason) for line, reason, _ in letters] == [
        (3, "the header once more"),
        (5, "the header once more"),
    ]


def test_cells_that_spreadsheets_shall_not_touch(path: Path) -> None:
    rows, letters = read(path, 'id,title,gtin\n="001",a,="0400"\n="002","=""b""","=""0401"""\n3,= "c",x\n')
    assert rows == [("001", "a", "0400"), ("002", "b", "0401"), ("3", '= "c"', "x")]
    assert not letters


def test_the_delimiter_is_that_of_many_columns(path: Path) -> None:
    """Each row has one colon and one semicolon, as the header; not all rows have every comma."""
    lines = [f'{i},Item {i},"https://x/{i};y",9' + ("" if i % 3 else ",5,red") for i in range(30)]
    rows, letters = read(path, "\n".join(["id,title,link;s,price,stock,colour", *lines]))
    assert rows[3] == ("3", "Item 3", "https://x/3;y", "9", "5", "red")
    assert rows[4] == ("4", "Item 4", "https://x/4;y", "9", "", "")
    assert not letters


def test_a_first_line_without_an_end(path: Path) -> None:
    path.write_bytes(b"id,title," * 500_000)
    with pytest.raises(InputError, match=r"the first line of .* is over 4,194,304 characters"):
        open_table(path, ReadOptions())


def test_lines_are_those_where_rows_begin(path: Path) -> None:
    path.write_text('\nid,title\n1,"a\n\nb"\n\n2,c\n3,"d\n4,e\n')
    rows = open_table(path, ReadOptions()).rows(Rejects())
    assert [(row.line, row.cells["id"]) for row in rows] == [(3, "1"), (7, "2"), (8, "3"), (9, "4")]


@pytest.mark.parametrize(
    "content",
    [
        "1,Cap,18\n2,Hat,19\n",
        "SKU-1;Red shoe\nSKU-2;Blue shoe\nSKU-3;Cap\n",
        "Cap,https://x/a,18\nHat,https://x/b,19\n",
    ],
)
def test_a_file_without_a_header_says_so(path: Path, content: str) -> None:
    path.write_text(content)
    with pytest.raises(InputError, match="no header: its first line looks like a row") as caught:
        open_table(path, ReadOptions())
    assert "id,title,price" in caught.value.fix


@pytest.mark.parametrize(
    ("content", "details"),
    [
        ("id,title\n1,a\n", "UTF-8, separated by commas"),
        ("id\ttitle\n1\ta\n", "UTF-8, separated by tabs"),
        ("sep=^\nid^title\n1^a\n", "UTF-8, separated by '^'"),
        ("Title line\nid|title\n1|a\n", "UTF-8, separated by bars, header in line 2"),
        ("'id';'title'\n'1';'a'\n", "UTF-8, separated by semicolons, in single quotes"),
    ],
)
def test_details_say_how_the_file_is_written(path: Path, content: str, details: str) -> None:
    path.write_text(content)
    table = open_table(path, ReadOptions())
    assert (table.format, table.details) == ("csv", details)


def test_ten_thousand_columns(path: Path) -> None:
    names = [f"column name {i}" for i in range(10_000)]
    lines = [",".join(["id", "title", *names])]
    lines += [",".join([str(i), f'"Item ""{i}"""', *["x"] * 10_000]) for i in range(3)]
    rows, letters = read(path, "\n".join(lines))
    assert [(row[0], row[1], len(row)) for row in rows] == [(str(i), f'Item "{i}"', 10_002) for i in range(3)]
    assert not letters


def test_a_cell_may_be_longer_than_the_standard_library_takes(path: Path) -> None:
    text = "a, b " * 100_000
    rows, letters = read(path, f'id,title\n1,"{text}"\n2,b\n')
    assert rows == [("1", text), ("2", "b")]
    assert not letters


def test_a_line_without_end_takes_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"id,title\n1,a\n2,")
        for _ in range(40):
            file.write(b"x" * 1_000_000)
        file.write(b"\n3,c\n")
    rejects = Kept()
    tracemalloc.start()
    rows = [(row.line, *row.cells.values()) for row in open_table(path, ReadOptions()).rows(rejects)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == [(2, "1", "a"), (4, "3", "c")]
    assert [(line, reason) for line, reason, _ in rejects.letters] == [
        (3, "line is over 16,777,216 characters")
    ]
    assert peak < 100_000_000


@pytest.mark.parametrize("line", ['{i},"open box,7', '{i},"a ""b,7', '{i},"a \\"b", c,7', '{i},"x,""'])
def test_quotes_that_never_close_cost_no_quadratic_time(path: Path, line: str) -> None:
    times = []
    for count in (1_000, 4_000):
        lines = [line.format(i=i) for i in range(count)]
        started = perf_counter()
        rows, letters = read(path, "\n".join(["id,title,price", *lines]))
        times.append(perf_counter() - started)
        assert len(rows) + len(letters) == count
    assert times[1] < 10 * times[0] + 2

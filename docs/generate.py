"""Writes the pages that come from the code: the command line, errors, exports, the index of decisions.

python docs/generate.py            write them anew
python docs/generate.py --check    change nothing; fail if one is not current
"""

from __future__ import annotations

import collections
import functools
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.cli import get_docs_for_click
from typer.main import get_command

from aisle import errors
from aisle.catalogue import read_catalogue
from aisle.catalogue.exports import KINDS
from aisle.catalogue.reader import Catalogue
from aisle.cli.main import build_app
from aisle.cli.plan import size
from aisle.indexer.capacity.formulas import Engine, parse_count, vector_bytes
from aisle.mappings import IndexSettings
from aisle.mappings.vector_types import LAYOUTS, VectorType
from aisle.service.app import create_app
from aisle.service.catalogues import Catalogues
from aisle.service.settings import ServiceSettings

DOCS = Path(__file__).parent
ROOT = DOCS.parent
MARK = "<!-- Written by docs/generate.py (`make docs-generate`): change the code that it comes from. -->"


ERRORS = """# Errors

{mark}

Every failure that a user can meet is an `AisleError`. It has a `message`, one line on what went wrong, and a
`fix`, one line on what to do about it. The command line prints both on standard error, as
text also with `--json`, and ends with 1: standard output is empty then ([exit codes](cli.md)).

```python
import aisle

try:
    aisle.open_search("no-such-catalogue")
except aisle.AisleError as error:
    print(error.message, "-", error.fix)
```

Each is imported from `aisle.errors`. A service catches `SearchError` for a question that cannot be answered
and `ClusterError` for a cluster that cannot be reached.

```text
{tree}
```

| error | is a | meaning |
|---|---|---|
{rows}
"""

EXPORTS = """# Your shop's export

{mark}

```sh
aisle index products_export.csv --name shop --dry-run    # what would be read as what; writes nothing
aisle index products_export.csv --name shop
```

Aisle tells by its columns what kind of export a file is, and says so: which column was read as what, how
many rows have it, one whole item as it will be indexed, and where every row went. A file of any other kind is
read by the names and values of its columns. These options change what it decides:

| option | what it does |
|---|---|
| `--format NAME` | read it as this kind (the names stand below) or file format |
| `--variants separate`, `--variants merged` | one document for each variant, or one for each product |
| `--map FIELD=COLUMN` | read this column as that field, whatever it is called; may be repeated |
| `--facet COLUMN`, `--no-facet COLUMN` | a column becomes a facet, or does not |
| `--locale LOCALE` | the texts of this language, where a file holds several |

Variants need not stand together in the file: the rows of a product are put together wherever they are. Hidden
products and drafts are left out and counted; what leaves a product out takes its variants along. A variant
whose product is not in the file is left out too where it cannot stand alone.

## The kinds

This table, and all that follows, was made by reading a small made-up export of each kind.

| your export | where it comes from | the command | one document for each | left out of it |
|---|---|---|---|---|
{rows}

{sections}
"""

HTTP = """# The HTTP API

{mark}

What [`aisle serve`](../how-to/serve.md) answers, from its OpenAPI document, which the service has at
`/openapi.json`. Answers are JSON; their fields are those that `to_json()` of the record that is named gives,
see [Python](python.md). Where the service asks for [keys](../how-to/keys.md), send one as
`Authorization: Bearer KEY`. "At most" counts characters of a text, and entries of a list.

{routes}

## Bodies

{bodies}

## Problems

Whatever fails is answered with problem details (RFC 9457), `application/problem+json`: `type`, `title`,
`status`, `detail`, `fix`, and `instance`, the request's id, under which the log says more.

| status | when |
|--:|---|
{problems}
"""

DECISIONS = """# Decisions

{mark}

What was decided, why, and what was tried and left. A new one begins as a copy of the [template](template.md).

| number | decision | status | date | superseded by |
|--:|---|---|---|---|
{rows}
"""


def cli_page() -> str:
    """Every command with its arguments and options, from the typer application."""
    command = get_command(build_app())
    context = typer.Context(command, info_name="aisle")
    text = get_docs_for_click(obj=command, ctx=context, name="aisle", title="The command line")
    # Options of the shell, the same for every typer program.
    text = re.sub(r"^\* `--(install|show)-completion`:.*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)
    # Examples are code, however far their docstring was indented.
    text = re.sub(r"^ +(aisle |make |echo |kafka-)", r"    \1", text, flags=re.MULTILINE)
    for name, short, whole in _summaries(command):
        text = text.replace(f"* `{name}`: {short}\n", f"* `{name}`: {whole}\n")
    head, body = text.split("\n", 1)
    return (
        f"{head}\n\n{MARK}\n\n"
        "Exit codes: 0 done, 1 an error that names its fix, or an answer that is no (a gate that stops a"
        " release, an alarm of the watch), 2 wrong usage, 130 Ctrl-C. "
        "`--json` prints the same figures for machines. Errors, notes and progress are text on standard"
        " error, with `--json`, too: standard output holds the document, or nothing. So where a command"
        " ends with 1, an empty standard output means an error, and a document says what was found.\n"
        f"{body.rstrip()}\n"
    )


def _summaries(command: Any) -> Iterator[tuple[str, str, str]]:
    """Name, summary as typer cuts it, and whole summary of all commands below one."""
    for name, child in getattr(command, "commands", {}).items():
        yield name, child.get_short_help_str(), child.get_short_help_str(limit=1000)
        yield from _summaries(child)


def errors_page() -> str:
    """The tree of errors, and what each one says of itself."""
    tree = (errors.__doc__ or "").split("\n\n", 1)[1].rstrip()
    rows = [
        f"| `{kind.__name__}` | `{base.__name__}` | {_summary(kind)} |"
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.AisleError)
        for base in kind.__bases__
    ]
    return ERRORS.format(mark=MARK, tree=tree, rows="\n".join(rows))


def _summary(kind: type) -> str:
    return " ".join((kind.__doc__ or "").split("\n\n")[0].split())


@functools.cache
def exports_page() -> str:
    """What is read of each kind of export, and what is left out: from reading one of each."""
    # The made-up exports are those of the tests.
    sys.path.insert(0, str(ROOT))
    from tests.support.exports import EXPORTS as FILES

    read = [(export, *_read(export.path)) for export in FILES]
    rows = [
        f"| [{export.software}](#{_anchor(export.software)}) | {export.where} "
        f"| `aisle index {export.file} --name shop` "
        f"| {_document(catalogue)} | {'; '.join(sorted(catalogue.counts.left_out)) or 'nothing'} |"
        for export, catalogue, _ in read
    ]
    sections = [_section(export.software, catalogue, kind) for export, catalogue, kind in read]
    return EXPORTS.format(mark=MARK, rows="\n".join(rows), sections="\n\n".join(sections))


def _read(path: Path) -> tuple[Catalogue, str]:
    """A file read to its end, and the name of its kind."""
    catalogue = read_catalogue(path)
    collections.deque(catalogue, maxlen=0)
    kinds = {kind.title: kind.name for kind in KINDS}
    return catalogue, kinds[catalogue.report.kind]


def _document(catalogue: Catalogue) -> str:
    """What one document is made of."""
    if catalogue.report.variants == "merged":
        return "product"
    return "variant" if catalogue.counts.present["group"] else "row"


def _section(software: str, catalogue: Catalogue, kind: str) -> str:
    report, counts = catalogue.report, catalogue.counts
    fields = "\n".join(
        f"| {read.field} | {', '.join(map(_cell, read.columns))} | {_cell(read.example)} |"
        for read in report.fields
        if read.coverage
    )
    lines = [
        f"## {software}",
        f"`--format {kind}`. Of {counts.rows} rows came {counts.items} items; {counts.merged} rows are part "
        f"of another row's item; left out: {_counted(counts.left_out)}.",
        f"| field | columns | example |\n|---|---|---|\n{fields}",
    ]
    if report.facets:
        lines.append(f"Attributes: {', '.join(_cell(name) for name in report.facets)}.")
    if report.no_facets:
        lines.append(f"No attributes: {', '.join(_cell(name) for name in report.no_facets)}.")
    return "\n\n".join(lines)


def _cell(text: str) -> str:
    """A text that may stand in a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _counted(left_out: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items())) or "nothing"


def _anchor(heading: str) -> str:
    """What a heading is called in links."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


_FOUND = {
    VectorType.FP32: "everything",
    VectorType.FP16: "the same",
    VectorType.BYTE: "98 to 99 of 100 of the nearest",
    VectorType.DISK: "the same, with reads from disk in each search",
}
_DOCS = ("1M", "10M", "100M")
_WIDTHS = (64, 256, 384)


def vectors_page() -> str:
    """The page on vectors, with its tables from the layouts of types and from the planner."""
    text = (ROOT / "docs" / "how-to" / "choose-vectors.md").read_text(encoding="utf-8")
    for name, table in {"types": _types_table(), "memory": _memory_table()}.items():
        block = rf"(<!-- planner:{name} -->\n).*?(<!-- /planner -->)"
        text = re.sub(
            block, lambda found, table=table: f"{found[1]}{table}\n{found[2]}", text, flags=re.DOTALL
        )
    return text


def _types_table() -> str:
    head = "| `--vectors` | bytes of memory a number, faiss | lucene | finds |\n|---|--:|--:|---|"
    rows = [
        f"| `{kept_as.value}` | {_bytes(kept_as, 'faiss')} | {_bytes(kept_as, 'lucene')} | {found} |"
        for kept_as, found in _FOUND.items()
    ]
    return "\n".join((head, *rows))


def _bytes(kept_as: VectorType, engine: str) -> str:
    kept = LAYOUTS[kept_as].get(engine)
    return "not kept" if kept is None else f"{kept.bits / 8:g}"


def _memory_table() -> str:
    head = f"| engine | `--vectors` | `--dims` | {' | '.join(_DOCS)} | disk, {_DOCS[-1]} |"
    rows = [
        f"| {engine.value} | {kept_as.value} | {dims} | {_planned(engine, kept_as, dims)} |"
        for engine in Engine
        for kept_as in VectorType
        if engine in LAYOUTS[kept_as]
        for dims in _WIDTHS
    ]
    return "\n".join((head, f"|---|---|--:|{'--:|' * (len(_DOCS) + 1)}", *rows))


def _planned(engine: Engine, kept_as: VectorType, dims: int) -> str:
    needs = [vector_bytes(parse_count(docs), dims, IndexSettings().m, kept_as, engine) for docs in _DOCS]
    return " | ".join((*(size(need.memory) for need in needs), size(needs[-1].disk)))


_ANSWERS = {
    "/search": "a `Page`",
    "/suggest": "`Suggestions`",
    "/recommend": "a `RecommendationPage`",
    "/similar/": "a `SimilarPage`",
    "/explain/": "an `ExplainedHit`",
    "/items/": "an `Item`",
}
_OF_PROBLEMS = ("Problem", "InvalidRequest")


def http_page() -> str:
    """Every route of the service, from its OpenAPI document."""
    document = create_app(ServiceSettings(page=False), Catalogues([])).openapi()
    schemas: Mapping[str, Any] = document["components"]["schemas"]
    operations = [
        (method.upper(), path, operation)
        for path, found in document["paths"].items()
        for method, operation in found.items()
    ]
    problems = {
        status: answer["description"]
        for _, _, operation in operations
        for status, answer in operation["responses"].items()
        if status >= "400"
    }
    bodies = [name for name, schema in schemas.items() if "properties" in schema and name not in _OF_PROBLEMS]
    return HTTP.format(
        mark=MARK,
        routes="\n\n".join(_route(*each, schemas) for each in operations),
        bodies="\n\n".join(_body(name, schemas) for name in bodies),
        problems="\n".join(f"| {status} | {problems[status]} |" for status in sorted(problems)),
    )


def _route(method: str, path: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    answer = next((f" The answer is {name}." for part, name in _ANSWERS.items() if part in path), "")
    parts = [f"## {method} {path}", _plain(operation["description"]) + answer]
    if "requestBody" in operation:
        content = operation["requestBody"]["content"]["application/json"]
        parts.append(f"Body: {_type(content['schema'], schemas)}.")
    if parameters := operation.get("parameters"):
        rows = [
            f"| `{each['name']}` | {each['in']} | {_about(each['schema'], schemas)} | {_explained(each)} |"
            for each in parameters
        ]
        parts.append("\n".join(("| parameter | in | type | default | |", "|---|---|---|---|---|", *rows)))
    return "\n\n".join(parts)


def _body(name: str, schemas: Mapping[str, Any]) -> str:
    schema = schemas[name]
    required = schema.get("required", ())
    rows = [
        f"| `{field}` | {_about(each, schemas, required=field in required)} | {_explained(each)} |"
        for field, each in schema["properties"].items()
    ]
    table = "\n".join(("| field | type | default | |", "|---|---|---|---|", *rows))
    examples = [f"```json\n{json.dumps(each)}\n```" for each in schema.get("examples", ())]
    head = _plain(schema.get("description", ""))
    return "\n\n".join(filter(None, (f"### {name}", head, table, *examples)))


def _about(schema: Mapping[str, Any], schemas: Mapping[str, Any], *, required: bool = False) -> str:
    """Type and default."""
    value = schema.get("default")
    default = "" if value in (None, [], {}, "") else f"`{json.dumps(value)}`"
    return f"{_type(schema, schemas)} | {'required' if required else default}"


def _type(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """In the words of JSON, with its bounds."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        linked = "properties" in schemas[name]
        return f"[{name}](#{name.lower()})" if linked else _type(schemas[name], schemas)
    if "anyOf" in schema:
        kinds = [_type(each, schemas) for each in schema["anyOf"] if each.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    kind = str(schema.get("type", "any value"))
    if kind == "array" and "items" in schema:
        item = {name: value for name, value in schema["items"].items() if name != "maxLength"}
        kind = f"list of {_type(item, schemas)}"
    low, high = schema.get("minimum"), schema.get("maximum")
    most = schema.get("maxLength") or schema.get("maxItems")
    if low is not None and high is not None:
        return f"{kind}, {low:,g} to {high:,g}"
    if low in (0, 1):
        return f"{kind}, {low:g} or more"
    return f"{kind}, at most {most:,}" if most else kind


def _explained(each: Mapping[str, Any]) -> str:
    return _plain(str(each.get("description", "")).replace("|", "\\|"))


def _plain(text: str) -> str:
    return text.replace("``", "`")


def decisions_page() -> str:
    """The index of decisions, from the head of each."""
    rows = []
    for page in sorted((DOCS / "adr").glob("[0-9]*.md")):
        text = page.read_text(encoding="utf-8")
        number, title = re.match(r"# (\d+)\. (.*)", text).groups()  # type: ignore[union-attr]
        status, date, after = (_field(text, name) for name in ("Status", "Date", "Superseded by"))
        rows.append(f"| {number} | [{title}]({page.name}) | {status} | {date} | {after} |")
    return DECISIONS.format(mark=MARK, rows="\n".join(rows))


def _field(text: str, name: str) -> str:
    found = re.search(rf"^- {name}: (.*)$", text, re.MULTILINE)
    return found[1] if found else ""


PAGES = {
    "reference/cli.md": cli_page,
    "reference/http-api.md": http_page,
    "reference/errors.md": errors_page,
    "how-to/exports.md": exports_page,
    "how-to/choose-vectors.md": vectors_page,
    "adr/index.md": decisions_page,
}


def generate(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail if a page is stale.")] = False,
) -> None:
    """Write the generated pages, or say which are not current."""
    stale = []
    for name, render in PAGES.items():
        page, text = DOCS / name, render()
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not check:
                page.write_text(text, encoding="utf-8")
    if check and stale:
        typer.echo(f"not current: {', '.join(stale)}. Fix: run `make docs-generate`", err=True)
        raise typer.Exit(1)
    for name in stale:
        typer.echo(f"written: docs/{name}")


if __name__ == "__main__":
    typer.run(generate)
